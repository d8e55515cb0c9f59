/** Codes of {@link CsiError}: gRPC's status names in kebab-case, and those of this package's own. */
export const CSI_ERROR_CODES = [
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
  "invalid-option",
  "not-ready",
  "unsupported",
  "bad-answer",
  "queue-full",
  "closed",
] as const;

/** Why a CSI call failed. */
export type CsiErrorCode = (typeof CSI_ERROR_CODES)[number];

/**
 * Whether the driver may still be at it. `final`: the call did not begin, or failed and left nothing behind. `uncertain`: it may have
 * had its effect, now or later, so that whoever gives up has to undo it (unpublish, unstage, delete) all the same.
 */
export type CsiOutcome = "final" | "uncertain";

/** What a {@link CsiError} knows beside its code. */
export interface CsiErrorDetails {
  /** The RPC, e.g. `NodeStageVolume`. */
  readonly method?: string;
  /** The socket's path. */
  readonly endpoint?: string;
  /** The volume, snapshot or group the call was about. */
  readonly subject?: string;
  /** The driver's own text, without secrets. */
  readonly driverMessage?: string;
  /** How many times the call was sent. */
  readonly attempts?: number;
}

/** What {@link CsiError} is made from. */
export interface CsiErrorOptions {
  readonly code: CsiErrorCode;
  readonly message: string;
  readonly details?: CsiErrorDetails;
  readonly cause?: unknown;
}

/**
 * After these an operation may go on behind our back: the kubelet's own list (pkg/volume/csi/csi_client.go, isFinalError, 1.36), and
 * an answer that makes no sense, since the driver did something to give it.
 */
const UNCERTAIN: ReadonlySet<CsiErrorCode> = new Set([
  "cancelled",
  "deadline-exceeded",
  "unavailable",
  "resource-exhausted",
  "aborted",
  "bad-answer",
]);

/** After these the same call may succeed although nothing else has changed. */
const RETRYABLE: ReadonlySet<CsiErrorCode> = new Set([
  "unavailable",
  "aborted",
  "deadline-exceeded",
  "resource-exhausted",
  "not-ready",
  "queue-full",
]);

/** Every error of this package, except that a caller's own abort rethrows `signal.reason`. Holds no request and no secret. */
export class CsiError extends Error {
  override readonly name = "CsiError";
  readonly code: CsiErrorCode;
  readonly details: CsiErrorDetails;

  constructor(options: CsiErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.details = options.details ?? {};
  }

  /** See {@link CsiOutcome}. */
  get outcome(): CsiOutcome {
    return UNCERTAIN.has(this.code) ? "uncertain" : "final";
  }

  /** Whether the same call may succeed later. CSI's calls are idempotent, so it may always be repeated. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}

/** Whether it is a {@link CsiError}, with this code when one is given. Works across copies of this package. */
export const isCsiError = (error: unknown, code?: CsiErrorCode): error is CsiError =>
  error instanceof Error && error.name === "CsiError" && "code" in error && (code === undefined || error.code === code);

/**
 * Whether the call that failed with this is certainly not under way: true for a {@link CsiError} whose outcome is final, false for
 * everything else, the abort of one's own signal and foreign errors included. The kubelet's isFinalError.
 */
export const isFinalError = (error: unknown): boolean => isCsiError(error) && error.outcome === "final";
