/** The codes of ImagesError: what a pod status shows as the waiting reason (reference: pkg/kubelet/images/types.go and cri-api errors). */
export const IMAGES_ERROR_CODES = [
  "ErrImagePull",
  "ImagePullBackOff",
  "ErrImageNeverPull",
  "InvalidImageName",
  "ImageInspectError",
  "RegistryUnavailable",
  "SignatureValidationFailed",
] as const;

export type ImagesErrorCode = (typeof IMAGES_ERROR_CODES)[number];

export interface ImagesErrorDetails {
  /** The image as the pod names it. */
  readonly image: string;
  /** When the next attempt is worth making (`Clock.nowMs`); absent when no passing of time will help. */
  readonly retryAtMs?: number;
}

/**
 * Why an image is not there. `code` is the waiting reason and `message` is the waiting message, both exactly as the reference shows
 * them, which is why the message may begin with a capital letter. It never holds a secret.
 */
export class ImagesError extends Error {
  override readonly name = "ImagesError";
  readonly code: ImagesErrorCode;
  readonly details: ImagesErrorDetails;

  constructor(code: ImagesErrorCode, message: string, options: { readonly details: ImagesErrorDetails; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }

  /** When to try again, on `Clock.nowMs`; undefined when waiting does not help. */
  get retryAtMs(): number | undefined {
    return this.details.retryAtMs;
  }
}

/** Whether an unknown value is an ImagesError, also across two copies of this package. */
export const isImagesError = (value: unknown): value is ImagesError =>
  value instanceof Error && value.name === "ImagesError" && "code" in value && "details" in value;
