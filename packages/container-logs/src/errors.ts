export const CONTAINER_LOGS_ERROR_CODES = ["not-found", "unreadable", "invalid-option"] as const;

export type ContainerLogsErrorCode = (typeof CONTAINER_LOGS_ERROR_CODES)[number];

/** Why a log cannot be read: there is no such file, the file system refuses, or an option makes no sense. */
export class ContainerLogsError extends Error {
  override readonly name = "ContainerLogsError";
  readonly code: ContainerLogsErrorCode;
  readonly details: { readonly path: string };

  constructor(code: ContainerLogsErrorCode, message: string, options: { readonly path: string; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = { path: options.path };
  }
}

/** Whether an unknown value is a ContainerLogsError, also across two copies of this package. */
export const isContainerLogsError = (value: unknown): value is ContainerLogsError =>
  value instanceof Error && value.name === "ContainerLogsError" && "code" in value;

/** The error code of a failed system call, e.g. `ENOENT`. */
export const errnoOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** Maps what the file system says to this package's error. */
export const mapFileError = (error: unknown, path: string): ContainerLogsError =>
  errnoOf(error) === "ENOENT"
    ? new ContainerLogsError("not-found", `open log ${path}: no such file`, { path, cause: error })
    : new ContainerLogsError("unreadable", `read log ${path}: ${errnoOf(error) || "failed"}`, { path, cause: error });
