/** Every code a {@link KubeClientError} can carry. */
export const KUBE_CLIENT_ERROR_CODES = [
  "config",
  "credentials",
  "connect-failed",
  "connection-lost",
  "timeout",
  "bad-answer",
  "too-large",
  "queue-full",
  "closed",
  "bad-request",
  "unauthorized",
  "forbidden",
  "not-found",
  "already-exists",
  "conflict",
  "gone",
  "invalid",
  "too-many-requests",
  "internal",
  "unavailable",
] as const;

/** What went wrong, for programs; see the README for the meaning of each code. */
export type KubeClientErrorCode = (typeof KUBE_CLIENT_ERROR_CODES)[number];

/** What a {@link KubeClientError} knows beside its code. */
export interface KubeClientErrorDetails {
  /** The HTTP status, when the server answered. */
  readonly status?: number | undefined;
  /** The server's `reason`, e.g. "AlreadyExists", when it sent a Status. */
  readonly reason?: string | undefined;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The server's own words, at most 1,024 characters. */
  readonly serverMessage?: string | undefined;
  /** The causes a Status gives: `reason` and `field` of each, at most 32. */
  readonly causes?: readonly { readonly reason?: string | undefined; readonly field?: string | undefined }[] | undefined;
  /** False when it is certain that the server did not act on the request; true or undefined otherwise. */
  readonly mayHaveHadEffect?: boolean | undefined;
  /** Where a mistake in a kubeconfig stands. */
  readonly file?: string | undefined;
  /** Counted from 1. */
  readonly line?: number | undefined;
  /** The path of the field in the kubeconfig, e.g. `users[0].user.exec.command`. */
  readonly field?: string | undefined;
}

/** What {@link KubeClientError} is made from. */
export interface KubeClientErrorOptions {
  readonly code: KubeClientErrorCode;
  /** Lower-case; says what was attempted on what. */
  readonly message: string;
  readonly details?: KubeClientErrorDetails | undefined;
  readonly cause?: unknown;
}

const RETRYABLE: ReadonlySet<KubeClientErrorCode> = new Set([
  "credentials",
  "connect-failed",
  "connection-lost",
  "timeout",
  "queue-full",
  "too-many-requests",
  "internal",
  "unavailable",
]);

/** Every error of this package, except that a caller's own abort rethrows `signal.reason`. Holds no token, password, key or header. */
export class KubeClientError extends Error {
  override readonly name = "KubeClientError";
  readonly code: KubeClientErrorCode;
  readonly details: KubeClientErrorDetails;

  constructor(options: KubeClientErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.details = options.details ?? {};
  }

  /** The HTTP status, when the server answered. */
  get status(): number | undefined {
    return this.details.status;
  }

  /** The server's `reason`, when it sent a Status. */
  get reason(): string | undefined {
    return this.details.reason;
  }

  /** How long the server asked to wait, in milliseconds. */
  get retryAfterMs(): number | undefined {
    return this.details.retryAfterMs;
  }

  /** Whether the same request may succeed later. One that is not idempotent may still have had its effect. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}

/** Whether it is a {@link KubeClientError}, with this code when one is given. Works across copies of this package. */
export const isKubeClientError = (error: unknown, code?: KubeClientErrorCode): error is KubeClientError =>
  error instanceof Error && error.name === "KubeClientError" && "code" in error && (code === undefined || error.code === code);
