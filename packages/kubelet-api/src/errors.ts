import type { OutgoingHttpHeaders } from "node:http";

/** What a request can fail with; each has one HTTP status. */
export const KUBELET_API_ERROR_CODES = [
  "moved",
  "bad-request",
  "unauthorized",
  "forbidden",
  "not-found",
  "method-not-allowed",
  "not-acceptable",
  "too-large",
  "range-not-satisfiable",
  "invalid-options",
  "too-many-requests",
  "internal",
  "invalid-config",
] as const;

export type KubeletApiErrorCode = (typeof KUBELET_API_ERROR_CODES)[number];

const STATUS: { readonly [code in KubeletApiErrorCode]: number } = {
  moved: 301,
  "bad-request": 400,
  unauthorized: 401,
  forbidden: 403,
  "not-found": 404,
  "method-not-allowed": 405,
  "not-acceptable": 406,
  "too-large": 413,
  "range-not-satisfiable": 416,
  "invalid-options": 422,
  "too-many-requests": 429,
  internal: 500,
  "invalid-config": 500,
};

/** What a {@link KubeletApiError} may carry besides its message. */
export interface KubeletApiErrorOptions {
  readonly cause?: unknown;
  /** Headers of the answer, e.g. `Allow`; they win over the server's own. */
  readonly headers?: OutgoingHttpHeaders;
}

/** An answer other than success. The message is the response's body, so it never carries a secret. */
export class KubeletApiError extends Error {
  override readonly name = "KubeletApiError";
  readonly code: KubeletApiErrorCode;
  /** The HTTP status the server answers with. */
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;

  constructor(code: KubeletApiErrorCode, message: string, options: KubeletApiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = STATUS[code];
    this.headers = options.headers ?? {};
  }
}

/** Whether `error` is a {@link KubeletApiError}. */
export const isKubeletApiError = (error: unknown): error is KubeletApiError => error instanceof KubeletApiError;

/** Go's http.NotFound: what answers a path that no route has. */
export const pathNotFound = (): KubeletApiError => new KubeletApiError("not-found", "404 page not found\n");

/** The answer of a route that has the path's beginning but not its rest, as go-restful words it. */
export const routeNotFound = (): KubeletApiError => new KubeletApiError("not-found", "404: Page Not Found");
