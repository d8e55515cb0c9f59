/** Codes of {@link PodSyncError}. */
export const POD_SYNC_ERROR_CODES = [
  "sandbox-failed",
  "network-not-ready",
  "volumes-failed",
  "cgroup-failed",
  "files-failed",
  "observation-failed",
  "container-failed",
  "resize-failed",
  "kill-failed",
  "containers-still-running",
  "removal-failed",
  "unexpected",
] as const;

/** Why a pass over a pod failed. */
export type PodSyncErrorCode = (typeof POD_SYNC_ERROR_CODES)[number];

/** What a {@link PodSyncError} knows beside its code. */
export interface PodSyncErrorDetails {
  /** `name_namespace(uid)`. */
  readonly pod: string;
  readonly containerNames?: readonly string[];
}

/** Every error of this package but a caller's own abort, which rethrows `signal.reason`. All of them are worth another try. */
export class PodSyncError extends Error {
  override readonly name = "PodSyncError";
  readonly code: PodSyncErrorCode;
  readonly details: PodSyncErrorDetails;

  constructor(code: PodSyncErrorCode, message: string, options: { readonly details: PodSyncErrorDetails; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }
}

/** Whether it is a {@link PodSyncError}, also across two copies of this package. */
export const isPodSyncError = (value: unknown): value is PodSyncError =>
  value instanceof Error && value.name === "PodSyncError" && "code" in value && "details" in value;

/** The text of an unknown error: the runtime's own words where the error carries them apart, else its message. */
export const errorText = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  if ("details" in error && typeof error.details === "object" && error.details !== null && "runtimeMessage" in error.details) {
    const { runtimeMessage } = error.details;
    if (typeof runtimeMessage === "string" && runtimeMessage !== "") return runtimeMessage;
  }
  return error.message;
};

/**
 * {@link errorText} with what Go's gRPC puts before the runtime's own words. The reference takes that off where a call is about a container's
 * start, and shows it where it is about a sandbox or a command.
 */
export const rpcErrorText = (error: unknown): string => {
  const text = errorText(error);
  if (!(error instanceof Error) || text === error.message || !("code" in error) || typeof error.code !== "string") return text;
  const code = error.code === "cancelled" ? "canceled" : error.code;
  return `rpc error: code = ${code.replace(/(?:^|-)(.)/gu, (_match, letter: string) => letter.toUpperCase())} desc = ${text}`;
};

/** Whether a call failed because what it named is not there. */
export const isNotFound = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "not-found";
