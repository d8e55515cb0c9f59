/** Codes of {@link EvictionError}: what was read and could not be. */
export const EVICTION_ERROR_CODES = [
  "invalid-threshold",
  "unknown-signal",
  "duplicate-threshold",
  "missing-grace-period",
  "invalid-duration",
  "invalid-input",
  "unreadable",
  "usage",
] as const;

export type EvictionErrorCode = (typeof EVICTION_ERROR_CODES)[number];

/** The only error this package makes; foreign errors are its `cause`. `details.where` names the option, file or field, `details.text` what stood there. */
export class EvictionError extends Error {
  override readonly name = "EvictionError";
  readonly code: EvictionErrorCode;
  readonly details: { readonly where: string; readonly text?: string };

  constructor(
    code: EvictionErrorCode,
    message: string,
    options: { readonly where: string; readonly text?: string; readonly cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = { where: options.where, ...(options.text === undefined ? {} : { text: options.text.slice(0, 100) }) };
  }
}

/** Recognises an error of this package. */
export const isEvictionError = (error: unknown): error is EvictionError => error instanceof EvictionError;
