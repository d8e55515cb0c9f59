/** What setting up a volume can fail with. */
export const VOLUMES_ERROR_CODES = ["host-path-type", "host-path", "empty-dir", "unsupported-source", "unsafe-path", "mounted"] as const;

export type VolumesErrorCode = (typeof VOLUMES_ERROR_CODES)[number];

/** A volume that could not be set up or removed; the message is fit for a `FailedMount` event. */
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
