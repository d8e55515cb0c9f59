import { CertificatesError } from "./errors.ts";

/** One block of a PEM text. */
export interface PemBlock {
  /** E.g. `CERTIFICATE`, `EC PRIVATE KEY`. */
  readonly label: string;
  readonly der: Uint8Array;
}

/** Longer texts are refused unread: a chain of ten certificates takes some 20 KB. */
export const DEFAULT_MAX_PEM_LENGTH: number = 1 << 20;

/** One block in 64-character lines, ended by a newline. */
export const encodePem = (block: PemBlock): string => {
  const base64 = Buffer.from(block.der).toString("base64");
  const lines = base64.match(/.{1,64}/gu) ?? [];
  return [`-----BEGIN ${block.label}-----`, ...lines, `-----END ${block.label}-----`, ""].join("\n");
};

const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,64})-----\r?\n([A-Za-z0-9+/=\s]*)-----END ([A-Z0-9 ]{1,64})-----/gu;

/**
 * The blocks of a text in order; what stands between them is skipped. A block with headers (an encrypted key) is refused by whoever reads
 * the key, not here: its body is not base64, so it is no block. @throws CertificatesError invalid-pem
 */
export const decodePem = (text: string, maxLength: number = DEFAULT_MAX_PEM_LENGTH): readonly PemBlock[] => {
  if (text.length > maxLength) throw new CertificatesError("invalid-pem", `decode PEM: longer than ${maxLength} characters`);
  return [...text.matchAll(BLOCK)].map(([, label = "", body = "", end]) => {
    const base64 = body.replaceAll(/\s/gu, "");
    if (end !== label) throw new CertificatesError("invalid-pem", `decode PEM: a block begins as ${label} and ends as something else`);
    if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/u.test(base64)) {
      throw new CertificatesError("invalid-pem", `decode PEM: the block ${label} is not base64`);
    }
    return { label, der: Buffer.from(base64, "base64") };
  });
};
