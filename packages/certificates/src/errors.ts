/** What can go wrong with keys, certificates and requests. */
export const CERTIFICATES_ERROR_CODES = [
  "invalid-der",
  "invalid-pem",
  "invalid-request",
  "invalid-certificate",
  "invalid-key",
  "key-mismatch",
  "unsupported",
  "invalid-argument",
  "unreadable",
] as const;

/** Why a key, a certificate or a request is refused. */
export type CertificatesErrorCode = (typeof CERTIFICATES_ERROR_CODES)[number];

/** The one error of this package. Neither message nor details ever hold a private key. */
export class CertificatesError extends Error {
  override readonly name = "CertificatesError";
  readonly code: CertificatesErrorCode;
  /** What was at hand: a file's path, an offset, a name. */
  readonly details: { readonly [name: string]: unknown };

  constructor(
    code: CertificatesErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly details?: { readonly [name: string]: unknown } } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** Whether an unknown value is a CertificatesError, also across two copies of this package. */
export const isCertificatesError = (value: unknown): value is CertificatesError =>
  value instanceof Error && value.name === "CertificatesError" && "code" in value;

/** Runs what node:crypto does and turns what it throws into a CertificatesError; ours pass through. */
export const mapCryptoErrors = <T>(code: CertificatesErrorCode, what: string, run: () => T): T => {
  try {
    return run();
  } catch (error) {
    if (isCertificatesError(error)) throw error;
    const reason = error instanceof Error && "code" in error && typeof error.code === "string" ? `: ${error.code}` : "";
    throw new CertificatesError(code, `${what}${reason}`, { cause: error });
  }
};
