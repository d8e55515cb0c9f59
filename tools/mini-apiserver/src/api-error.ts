/** The machine-readable reasons of `metav1.Status` that this server gives. */
export type StatusReason =
  | "Unauthorized"
  | "Forbidden"
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Gone"
  | "Invalid"
  | "Timeout"
  | "TooManyRequests"
  | "BadRequest"
  | "MethodNotAllowed"
  | "NotAcceptable"
  | "RequestEntityTooLarge"
  | "UnsupportedMediaType"
  | "InternalError"
  | "Expired"
  | "ServiceUnavailable"
  | "";

/** One cause in `details.causes`, e.g. `{ reason: "FieldValueRequired", field: "spec.containers", message: "Required value" }`. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** `details` of a `metav1.Status`. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** A `metav1.Status` as it goes over the wire. */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: { readonly resourceVersion?: string };
  readonly status: "Success" | "Failure";
  readonly message?: string;
  readonly reason?: StatusReason;
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** Names a resource in a message: `pods`, `leases.coordination.k8s.io`. */
export interface ResourceName {
  readonly group: string;
  readonly resource: string;
}

/** What a request is refused with; goes out as a `Status`. */
export class ApiError extends Error {
  /** The HTTP status. */
  readonly code: number;
  readonly reason: StatusReason;
  readonly details: StatusDetails | undefined;

  constructor(
    message: string,
    options: { readonly code: number; readonly reason: StatusReason; readonly details?: StatusDetails | undefined },
  ) {
    super(message);
    this.name = "ApiError";
    this.code = options.code;
    this.reason = options.reason;
    this.details = options.details;
  }
}

/** Whether it is an {@link ApiError}, of the given reason if one is given. */
export const isApiError = (error: unknown, reason?: StatusReason): error is ApiError =>
  error instanceof ApiError && (reason === undefined || error.reason === reason);

/** The `Status` that tells of the error. */
export const statusOf = (error: ApiError): Status => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message: error.message,
  ...(error.reason === "" ? {} : { reason: error.reason }),
  ...(error.details === undefined ? {} : { details: error.details }),
  code: error.code,
});

/** `pods`, `leases.coordination.k8s.io`. */
export const formatResource = ({ group, resource }: ResourceName): string => (group === "" ? resource : `${resource}.${group}`);

const detailsOf = ({ group, resource }: ResourceName, name: string): StatusDetails => ({
  ...(name === "" ? {} : { name }),
  ...(group === "" ? {} : { group }),
  kind: resource,
});

/** 404 `pods "x" not found`. */
export const notFound = (resource: ResourceName, name: string): ApiError =>
  new ApiError(`${formatResource(resource)} "${name}" not found`, { code: 404, reason: "NotFound", details: detailsOf(resource, name) });

/** 404 for a path that leads nowhere. */
export const unknownPath = (): ApiError =>
  new ApiError("the server could not find the requested resource", { code: 404, reason: "NotFound", details: {} });

/** 409 `pods "x" already exists`, and if so that it is on its way out. */
export const alreadyExists = (resource: ResourceName, name: string, isGoing = false): ApiError =>
  new ApiError(`${isGoing ? "object is being deleted: " : ""}${formatResource(resource)} "${name}" already exists`, {
    code: 409,
    reason: "AlreadyExists",
    details: detailsOf(resource, name),
  });

/** What a stale `resourceVersion` is told. */
export const MODIFIED_TEXT = "the object has been modified; please apply your changes to the latest version and try again";

/** 409 `Operation cannot be fulfilled on pods "x": ...`. */
export const conflict = (resource: ResourceName, name: string, text: string = MODIFIED_TEXT): ApiError =>
  new ApiError(`Operation cannot be fulfilled on ${formatResource(resource)} "${name}": ${text}`, {
    code: 409,
    reason: "Conflict",
    details: detailsOf(resource, name),
  });

/** 403 `pods "x" is forbidden: ...`. */
export const forbidden = (
  resource: ResourceName,
  name: string,
  because: { readonly text: string; readonly causes?: readonly StatusCause[] },
): ApiError => {
  const subject =
    resource.resource === ""
      ? "forbidden"
      : name === ""
        ? `${formatResource(resource)} is forbidden`
        : `${formatResource(resource)} "${name}" is forbidden`;
  return new ApiError(`${subject}: ${because.text}`, {
    code: 403,
    reason: "Forbidden",
    details: { ...detailsOf(resource, name), ...(because.causes === undefined ? {} : { causes: because.causes }) },
  });
};

/** 401. */
export const unauthorized = (): ApiError => new ApiError("Unauthorized", { code: 401, reason: "Unauthorized" });

/** 400. */
export const badRequest = (message: string): ApiError => new ApiError(message, { code: 400, reason: "BadRequest" });

/** 410 `too old resource version: X (Y)`. */
export const expired = (message: string): ApiError => new ApiError(message, { code: 410, reason: "Expired" });

/** 405. */
export const methodNotAllowed = (): ApiError =>
  new ApiError("the server does not allow this method on the requested resource", { code: 405, reason: "MethodNotAllowed", details: {} });

/** 406. */
export const notAcceptable = (accepted: readonly string[]): ApiError =>
  new ApiError(`only the following media types are accepted: ${accepted.join(", ")}`, { code: 406, reason: "NotAcceptable" });

/** 415. */
export const unsupportedMediaType = (accepted: readonly string[]): ApiError =>
  new ApiError(`the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`, {
    code: 415,
    reason: "UnsupportedMediaType",
  });

/** 413. */
export const tooLarge = (message: string): ApiError =>
  new ApiError(`Request entity too large: ${message}`, { code: 413, reason: "RequestEntityTooLarge" });

/** 429; the client shall come again after so many seconds. */
export const tooManyRequests = (message: string, retryAfterSeconds: number): ApiError =>
  new ApiError(message, { code: 429, reason: "TooManyRequests", details: { retryAfterSeconds } });

/** 500. */
export const internalError = (message: string): ApiError =>
  new ApiError(`Internal error occurred: ${message}`, { code: 500, reason: "InternalError", details: { causes: [{ message }] } });
