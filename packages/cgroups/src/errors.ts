export const CGROUPS_ERROR_CODES = [
  "not-mounted",
  "invalid-path",
  "invalid-resources",
  "not-found",
  "controller-missing",
  "busy",
  "failed",
  "systemd-unreachable",
  "systemd-refused",
] as const;

export type CgroupsErrorCode = (typeof CGROUPS_ERROR_CODES)[number];

/** Why something cannot be done with a cgroup. */
export class CgroupsError extends Error {
  override readonly name = "CgroupsError";
  readonly code: CgroupsErrorCode;
  /** `errorName` is what systemd calls it, e.g. `org.freedesktop.systemd1.NoSuchUnit`. */
  readonly details: { readonly path: string; readonly errorName?: string };

  constructor(
    code: CgroupsErrorCode,
    message: string,
    options: { readonly path: string; readonly cause?: unknown; readonly errorName?: string },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = { path: options.path, ...(options.errorName === undefined ? {} : { errorName: options.errorName }) };
  }
}

/** Whether an unknown value is a CgroupsError, also across two copies of this package. */
export const isCgroupsError = (value: unknown): value is CgroupsError =>
  value instanceof Error && value.name === "CgroupsError" && "code" in value;

/** The error code of a failed system call, e.g. `EBUSY`; empty for anything else. */
export const errnoOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
