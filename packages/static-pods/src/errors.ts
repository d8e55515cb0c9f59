/** What can go wrong apart from bad manifests, which are problems in a snapshot and never errors. */
export const STATIC_PODS_ERROR_CODES = ["invalid-option", "request-failed", "response-status", "response-too-large"] as const;
export type StaticPodsErrorCode = (typeof STATIC_PODS_ERROR_CODES)[number];

/**
 * The only error class of this package. Only `invalid-option` leaves it (from the factories); the others become problems of the URL.
 * Never holds a header's value, nor the user information or query of a URL.
 */
export class StaticPodsError extends Error {
  override readonly name = "StaticPodsError";
  readonly code: StaticPodsErrorCode;

  constructor(code: StaticPodsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether `error` came from this package. */
export const isStaticPodsError = (error: unknown): error is StaticPodsError => error instanceof StaticPodsError;
