export const PROBES_ERROR_CODES = ["invalid-port", "unsupported"] as const;

export type ProbesErrorCode = (typeof PROBES_ERROR_CODES)[number];

/** Why a probe cannot be carried out at all; says nothing about what it was to probe. */
export class ProbesError extends Error {
  override readonly name = "ProbesError";
  readonly code: ProbesErrorCode;

  constructor(code: ProbesErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Whether an unknown value is a ProbesError, also across two copies of this package. */
export const isProbesError = (value: unknown): value is ProbesError =>
  value instanceof Error && value.name === "ProbesError" && "code" in value;
