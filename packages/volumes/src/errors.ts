/** What setting up a volume, or getting what is in it, can fail with. */
export const VOLUMES_ERROR_CODES = [
  "host-path-type",
  "host-path",
  "empty-dir",
  "unsupported-source",
  "unsafe-path",
  "mounted",
  "mount-failed",
  "ownership",
  "object-not-found",
  "object-unavailable",
  "missing-key",
  "invalid-payload",
  "write-failed",
  "token-failed",
  "trust-bundle",
  "field",
  "sub-path",
  "not-ready",
  "invalid-option",
] as const;

export type VolumesErrorCode = (typeof VOLUMES_ERROR_CODES)[number];

/** A volume that could not be set up or removed; the message is fit for a `FailedMount` event and never holds what is in a volume. */
export class VolumesError extends Error {
  override readonly name = "VolumesError";
  readonly code: VolumesErrorCode;

  constructor(code: VolumesErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

/** Whether `error` is a {@link VolumesError}. */
export const isVolumesError = (error: unknown): error is VolumesError => error instanceof VolumesError;

/** The words of an unknown error, for a message. */
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whether it is an error whose `code` is one of these. */
export const hasErrorCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && "code" in error && typeof error.code === "string" && codes.includes(error.code);

/** What a task found; undefined when the file or directory does not exist. */
export const orIfMissing = async <T>(task: Promise<T>): Promise<T | undefined> => {
  try {
    return await task;
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) return undefined;
    throw error;
  }
};

/** The error itself when it is of this package, else one that says what was attempted, with the other's words. */
export const toVolumesError = (error: unknown, code: VolumesErrorCode, what?: string): VolumesError =>
  isVolumesError(error)
    ? error
    : new VolumesError(code, what === undefined ? errorText(error) : `${what}: ${errorText(error)}`, { cause: error });

/** Several errors as one, spelled like the reference's aggregates: alone as it is, more in brackets, each text once. */
export const joinErrors = (errors: readonly VolumesError[]): VolumesError | undefined => {
  const [first] = errors;
  if (first === undefined) return undefined;
  const texts = [...new Set(errors.map(({ message }) => message))];
  return texts.length === 1 ? first : new VolumesError(first.code, `[${texts.join(", ")}]`, { cause: first });
};

/** Failures that no waiting and no new object can heal: the pod asks for what is not there. */
export const isPermanent = (error: unknown): boolean =>
  isVolumesError(error) && (error.code === "unsupported-source" || error.code === "unsafe-path");
