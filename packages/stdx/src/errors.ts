/** Every code a {@link StdxError} can carry. */
export const STDX_ERROR_CODES = [
  "channel-closed",
  "channel-full",
  "queue-full",
  "invalid-duration",
  "invalid-argument",
  "path-escape",
] as const;

/** What went wrong, for programs; see the README for the meaning of each code. */
export type StdxErrorCode = (typeof STDX_ERROR_CODES)[number];

/** An error of this package which is neither a deadline nor a subprocess. */
export class StdxError extends Error {
  override readonly name = "StdxError";
  readonly code: StdxErrorCode;

  constructor(code: StdxErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** True for a {@link StdxError}. */
export const isStdxError = (error: unknown): error is StdxError => error instanceof StdxError;

/** The reason of a signal made by `withDeadline` whose time ran out. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
  readonly code = "deadline-exceeded";
  /** The time that was allowed, in milliseconds. */
  readonly timeoutMs: number;

  constructor(timeoutMs: number, what = "the operation") {
    super(`${what} took longer than ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}

/** True for a {@link DeadlineError}. */
export const isDeadlineError = (error: unknown): error is DeadlineError => error instanceof DeadlineError;

/** True for the error that a plain `controller.abort()` or an aborted Node API rejects with; false for a {@link DeadlineError}. */
export const isAbortError = (error: unknown): boolean => error instanceof Error && error.name === "AbortError";
