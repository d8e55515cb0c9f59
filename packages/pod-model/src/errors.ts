/** What can be wrong with a value this package was asked to read. */
export const POD_MODEL_ERROR_CODES = ["invalid-quantity", "invalid-timestamp"] as const;
export type PodModelErrorCode = (typeof POD_MODEL_ERROR_CODES)[number];

/** The only error class of this package. `details.text` is the text that could not be read, cut to 100 characters. */
export class PodModelError extends Error {
  override readonly name = "PodModelError";
  readonly code: PodModelErrorCode;
  readonly details: { readonly text: string };

  constructor(code: PodModelErrorCode, message: string, details: { readonly text: string }) {
    super(message);
    this.code = code;
    this.details = { text: details.text.slice(0, 100) };
  }
}

/** Whether `error` came from this package. */
export const isPodModelError = (error: unknown): error is PodModelError => error instanceof PodModelError;
