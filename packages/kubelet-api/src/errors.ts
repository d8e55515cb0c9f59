/** What a request can fail with; each has one HTTP status. */
export const KUBELET_API_ERROR_CODES = [
  "bad-request",
  "not-found",
  "method-not-allowed",
  "invalid-options",
  "too-many-requests",
  "internal",
] as const;

export type KubeletApiErrorCode = (typeof KUBELET_API_ERROR_CODES)[number];

const STATUS: { readonly [code in KubeletApiErrorCode]: number } = {
  "bad-request": 400,
  "not-found": 404,
  "method-not-allowed": 405,
  "invalid-options": 422,
  "too-many-requests": 429,
  internal: 500,
};

/** An answer other than success. The message is the response's body, so it never carries a secret. */
export class KubeletApiError extends Error {
  override readonly name = "KubeletApiError";
  readonly code: KubeletApiErrorCode;
  /** The HTTP status the server answers with. */
  readonly status: number;

  constructor(code: KubeletApiErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = STATUS[code];
  }
}

/** Whether `error` is a {@link KubeletApiError}. */
export const isKubeletApiError = (error: unknown): error is KubeletApiError => error instanceof KubeletApiError;
