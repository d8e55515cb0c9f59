/** What can go wrong in a lab: a host that lacks something, a command that failed, a runtime that does not come up. */
export const LAB_ERROR_CODES = [
  "host-unfit",
  "package-missing",
  "command-failed",
  "runtime-not-ready",
  "no-free-slot",
  "bad-option",
  "closed",
  "api-failed",
] as const;

/** Why a lab operation failed. */
export type LabErrorCode = (typeof LAB_ERROR_CODES)[number];

/** The one error of this package; `details` names the files and commands to look at. */
export class LabError extends Error {
  readonly code: LabErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: LabErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "LabError";
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** True for this package's errors. */
export const isLabError = (error: unknown): error is LabError => error instanceof LabError;
