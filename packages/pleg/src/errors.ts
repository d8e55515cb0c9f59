/** Codes of `PlegError`: a status read that failed, one that took longer than its deadline, a use after `close`. */
export const PLEG_ERROR_CODES = ["status-read-failed", "status-timeout", "closed"] as const;

export type PlegErrorCode = (typeof PLEG_ERROR_CODES)[number];

/** The only error this package makes; foreign errors are its `cause`. */
export class PlegError extends Error {
  override readonly name = "PlegError";
  readonly code: PlegErrorCode;
  readonly details: { readonly [key: string]: string | number };

  constructor(
    code: PlegErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly details?: { readonly [key: string]: string | number } } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** Recognises an error of this package. */
export const isPlegError = (error: unknown): error is PlegError => error instanceof PlegError;
