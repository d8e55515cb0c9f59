/** Every code a {@link KubeletConfigError} can carry. */
export const KUBELET_CONFIG_ERROR_CODES = [
  "unknown-flag",
  "removed-flag",
  "unsupported-flag",
  "invalid-flag",
  "unexpected-argument",
  "unreadable",
  "invalid-document",
  "wrong-kind",
  "invalid-value",
  "unsupported-field",
] as const;

/** What is wrong with the configuration, for programs; see the README for the meaning of each code. */
export type KubeletConfigErrorCode = (typeof KUBELET_CONFIG_ERROR_CODES)[number];

/** Where the mistake stands. */
export interface ConfigPlace {
  /** The file's path. */
  readonly file?: string | undefined;
  /** Counted from 1. */
  readonly line?: number | undefined;
  /** The path of the field, "authentication.anonymous.enabled", or the name of the flag, "--max-pods". */
  readonly field?: string | undefined;
}

/** A configuration that nk cannot start with. */
export class KubeletConfigError extends Error {
  override readonly name = "KubeletConfigError";
  readonly code: KubeletConfigErrorCode;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly field: string | undefined;

  constructor(code: KubeletConfigErrorCode, message: string, place: ConfigPlace & ErrorOptions = {}) {
    const prefix = place.file === undefined ? "" : `${place.file}${place.line === undefined ? "" : `:${place.line}`}: `;
    super(`${prefix}${message}`, place.cause === undefined ? undefined : { cause: place.cause });
    this.code = code;
    this.file = place.file;
    this.line = place.line;
    this.field = place.field;
  }
}

/** True for a {@link KubeletConfigError}. */
export const isKubeletConfigError = (error: unknown): error is KubeletConfigError => error instanceof KubeletConfigError;
