import type { ServiceError } from "@grpc/grpc-js";
import type { CsiErrorCode } from "./errors.ts";

/** The only table of gRPC's status numbers, with the names that Go gives them: the values of `grpc_status_code` in metrics. */
const CODES: { readonly [code in CsiErrorCode]?: readonly [number: number, goName: string] } = {
  cancelled: [1, "Canceled"],
  unknown: [2, "Unknown"],
  "invalid-argument": [3, "InvalidArgument"],
  "deadline-exceeded": [4, "DeadlineExceeded"],
  "not-found": [5, "NotFound"],
  "already-exists": [6, "AlreadyExists"],
  "permission-denied": [7, "PermissionDenied"],
  "resource-exhausted": [8, "ResourceExhausted"],
  "failed-precondition": [9, "FailedPrecondition"],
  aborted: [10, "Aborted"],
  "out-of-range": [11, "OutOfRange"],
  unimplemented: [12, "Unimplemented"],
  internal: [13, "Internal"],
  unavailable: [14, "Unavailable"],
  "data-loss": [15, "DataLoss"],
  unauthenticated: [16, "Unauthenticated"],
};

const BY_NUMBER = new Map(Object.entries(CODES).map(([code, [number]]) => [number, code as CsiErrorCode]));

/** The number of a code; `unknown` for those of this package's own. For servers. */
export const toGrpcStatus = (code: CsiErrorCode): number => CODES[code]?.[0] ?? 2;

/** Go's name of a code, `unknown-non-grpc` for those of this package's own, as the reference says it. */
export const goStatusName = (code: CsiErrorCode): string => CODES[code]?.[1] ?? "unknown-non-grpc";

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && "code" in error && typeof error.code === "number";

/** Code and text of whatever a gRPC call failed with. What is no status is an answer that cannot be read. */
export const readGrpcError = (error: unknown): { readonly code: CsiErrorCode; readonly text: string } =>
  isServiceError(error)
    ? { code: BY_NUMBER.get(error.code) ?? "unknown", text: error.details }
    : { code: "bad-answer", text: error instanceof Error ? error.message : String(error) };
