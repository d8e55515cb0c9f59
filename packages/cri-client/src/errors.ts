/** Codes of {@link CriError}: gRPC's status names in kebab-case, and those of this package's own. */
export const CRI_ERROR_CODES = [
  "cancelled",
  "unknown",
  "invalid-argument",
  "deadline-exceeded",
  "not-found",
  "already-exists",
  "permission-denied",
  "resource-exhausted",
  "failed-precondition",
  "aborted",
  "out-of-range",
  "unimplemented",
  "internal",
  "unavailable",
  "data-loss",
  "unauthenticated",
  "invalid-endpoint",
  "no-endpoint",
  "malformed-message",
  "closed",
] as const;

/** Why a CRI call failed. */
export type CriErrorCode = (typeof CRI_ERROR_CODES)[number];

/** What a {@link CriError} knows beside its code. */
export interface CriErrorDetails {
  /** The RPC, e.g. `RunPodSandbox`. */
  readonly method?: string;
  /** The endpoint's path. */
  readonly endpoint?: string;
  /** The runtime's own text, without credentials. */
  readonly runtimeMessage?: string;
}

/** What {@link CriError} is made from. */
export interface CriErrorOptions {
  readonly code: CriErrorCode;
  readonly message: string;
  readonly details?: CriErrorDetails;
  readonly cause?: unknown;
}

/** Codes after which the same call may succeed without anything else having changed. */
const RETRYABLE: ReadonlySet<CriErrorCode> = new Set(["unavailable", "deadline-exceeded", "resource-exhausted", "aborted"]);

/** Every error of this package, except that a caller's own abort rethrows `signal.reason`. */
export class CriError extends Error {
  override readonly name = "CriError";
  readonly code: CriErrorCode;
  readonly details: CriErrorDetails;

  constructor(options: CriErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.details = options.details ?? {};
  }

  /** Whether the same call may succeed later. A call that is not idempotent may still have had its effect. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}

/** Whether it is a {@link CriError}, with this code when one is given. Works across copies of this package. */
export const isCriError = (error: unknown, code?: CriErrorCode): error is CriError =>
  error instanceof Error && error.name === "CriError" && "code" in error && (code === undefined || error.code === code);
