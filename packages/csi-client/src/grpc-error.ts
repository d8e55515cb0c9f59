import { status } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import type { CsiErrorCode } from "./errors.ts";

/** The only table of gRPC's status numbers, with the names that Go gives them: the values of `grpc_status_code` in metrics. */
const CODES: { readonly [code in CsiErrorCode]?: readonly [number: number, goName: string] } = {
  cancelled: [status.CANCELLED, "Canceled"],
  unknown: [status.UNKNOWN, "Unknown"],
  "invalid-argument": [status.INVALID_ARGUMENT, "InvalidArgument"],
  "deadline-exceeded": [status.DEADLINE_EXCEEDED, "DeadlineExceeded"],
  "not-found": [status.NOT_FOUND, "NotFound"],
  "already-exists": [status.ALREADY_EXISTS, "AlreadyExists"],
  "permission-denied": [status.PERMISSION_DENIED, "PermissionDenied"],
  "resource-exhausted": [status.RESOURCE_EXHAUSTED, "ResourceExhausted"],
  "failed-precondition": [status.FAILED_PRECONDITION, "FailedPrecondition"],
  aborted: [status.ABORTED, "Aborted"],
  "out-of-range": [status.OUT_OF_RANGE, "OutOfRange"],
  unimplemented: [status.UNIMPLEMENTED, "Unimplemented"],
  internal: [status.INTERNAL, "Internal"],
  unavailable: [status.UNAVAILABLE, "Unavailable"],
  "data-loss": [status.DATA_LOSS, "DataLoss"],
  unauthenticated: [status.UNAUTHENTICATED, "Unauthenticated"],
};

const BY_NUMBER = new Map(Object.entries(CODES).map(([code, [number]]) => [number, code as CsiErrorCode]));

/** The number of a code; `unknown` for those of this package's own. For servers. */
export const toGrpcStatus = (code: CsiErrorCode): number => CODES[code]?.[0] ?? status.UNKNOWN;

/** Go's name of a code, `unknown-non-grpc` for those of this package's own, as the reference says it. */
export const goStatusName = (code: CsiErrorCode): string => CODES[code]?.[1] ?? "unknown-non-grpc";

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && "code" in error && typeof error.code === "number";

/** Code and text of whatever a gRPC call failed with. What is no status is an answer that cannot be read. */
export const readGrpcError = (error: unknown): { readonly code: CsiErrorCode; readonly text: string } =>
  isServiceError(error)
    ? { code: BY_NUMBER.get(error.code) ?? "unknown", text: error.details }
    : { code: "bad-answer", text: error instanceof Error ? error.message : String(error) };
