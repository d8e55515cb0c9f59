/** Codes of `PodWorkersError`: a snapshot of a source that is not configured; a use after the workers have ended. */
export const POD_WORKERS_ERROR_CODES = ["unknown-source", "stopped"] as const;

export type PodWorkersErrorCode = (typeof POD_WORKERS_ERROR_CODES)[number];

/** The only error this package makes; errors of ports are never thrown to callers, they are retried. */
export class PodWorkersError extends Error {
  override readonly name = "PodWorkersError";
  readonly code: PodWorkersErrorCode;
  readonly details: { readonly [key: string]: string };

  constructor(
    code: PodWorkersErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly details?: { readonly [key: string]: string } } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** Recognises an error of this package. */
export const isPodWorkersError = (error: unknown): error is PodWorkersError => error instanceof PodWorkersError;
