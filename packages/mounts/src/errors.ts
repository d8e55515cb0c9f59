/** Every code a {@link MountsError} can carry. */
export const MOUNTS_ERROR_CODES = [
  "invalid-path",
  "outside-root",
  "not-found",
  "mount-failed",
  "unmount-failed",
  "table-unreadable",
  "tree-failed",
] as const;

/** What went wrong, for programs; see the README for the meaning of each code. */
export type MountsErrorCode = (typeof MOUNTS_ERROR_CODES)[number];

/** A mount, a path or a walk that failed. */
export class MountsError extends Error {
  override readonly name = "MountsError";
  readonly code: MountsErrorCode;

  constructor(code: MountsErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

/** Whether `error` is a {@link MountsError}. */
export const isMountsError = (error: unknown): error is MountsError => error instanceof MountsError;

/** Whether it is an error of node:fs with this code. */
export const hasErrorCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && "code" in error && typeof error.code === "string" && codes.includes(error.code);
