import { status } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { CriError } from "./errors.ts";
import type { CriErrorCode } from "./errors.ts";

/** The only place that knows gRPC's status numbers. */
const CODES: { readonly [code: number]: CriErrorCode } = {
  [status.CANCELLED]: "cancelled",
  [status.UNKNOWN]: "unknown",
  [status.INVALID_ARGUMENT]: "invalid-argument",
  [status.DEADLINE_EXCEEDED]: "deadline-exceeded",
  [status.NOT_FOUND]: "not-found",
  [status.ALREADY_EXISTS]: "already-exists",
  [status.PERMISSION_DENIED]: "permission-denied",
  [status.RESOURCE_EXHAUSTED]: "resource-exhausted",
  [status.FAILED_PRECONDITION]: "failed-precondition",
  [status.ABORTED]: "aborted",
  [status.OUT_OF_RANGE]: "out-of-range",
  [status.UNIMPLEMENTED]: "unimplemented",
  [status.INTERNAL]: "internal",
  [status.UNAVAILABLE]: "unavailable",
  [status.DATA_LOSS]: "data-loss",
  [status.UNAUTHENTICATED]: "unauthenticated",
};

/** The number of a code; `unknown` for those of this package's own. For the fake runtime. */
export const toGrpcStatus = (code: CriErrorCode): number =>
  Number(Object.entries(CODES).find(([, name]) => name === code)?.[0] ?? status.UNKNOWN);

/** Which call failed, for the error's message. */
export interface CallName {
  /** The RPC, e.g. `RunPodSandbox`. */
  readonly method: string;
  /** Path of the socket. */
  readonly endpoint: string;
}

/**
 * Userinfo in a URL, values after the words by which registries and HTTP clients name credentials, and signed URLs: runtimes quote
 * all of them in the errors of a failed pull. Prose like "no basic auth credentials" stays readable.
 */
const SECRETS = [
  { pattern: /(:\/\/)[^/\s@]+@/g, replacement: "$1***@" },
  {
    pattern:
      /(?<!\/etc\/)\b((?:authorization|password|passwd|(?:identity|registry|access|refresh)_?token)["']?\s*[:=]\s*["']?)(?:(?:bearer|basic)\s+)?[^\s"',&}]+/gi,
    replacement: "$1***",
  },
  { pattern: /\b((?:bearer|basic)\s+)[\w+/.~-]{16,}=*/gi, replacement: "$1***" },
  { pattern: /([?&](?:token|sig|signature|x-amz-[a-z-]+|x-goog-[a-z-]+)=)[^&\s"]+/gi, replacement: "$1***" },
] as const;

/** The text without anything that looks like a credential. */
export const redactSecrets = (text: string): string =>
  SECRETS.reduce((redacted, { pattern, replacement }) => redacted.replace(pattern, replacement), text);

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && "code" in error && typeof error.code === "number";

/** Maps whatever a gRPC call failed with. The original is not kept as cause: its metadata and text may hold credentials. */
export const toCriError = (error: unknown, call: CallName): CriError => {
  if (error instanceof CriError) return error;
  const code = isServiceError(error) ? (CODES[error.code] ?? "unknown") : "malformed-message";
  const text = isServiceError(error) ? error.details : error instanceof Error ? error.message : String(error);
  const runtimeMessage = redactSecrets(text);
  return new CriError({
    code,
    message: `${call.method} on ${call.endpoint} failed with ${code}: ${runtimeMessage}`,
    details: { ...call, runtimeMessage },
  });
};
