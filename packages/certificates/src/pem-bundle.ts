import { open } from "node:fs/promises";
import { parseCertificateDer, readPublicKey } from "./describe.ts";
import type { CertificateDescription } from "./describe.ts";
import { CertificatesError, isCertificatesError } from "./errors.ts";
import { readKeyPair } from "./keys.ts";
import { decodePem, DEFAULT_MAX_PEM_LENGTH, encodePem } from "./pem.ts";

/** A certificate with its chain and key, ready for a TLS server or client. */
export interface PemBundle {
  /** The certificate, then its chain, nothing else. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** The first certificate. */
  readonly description: CertificateDescription;
}

/** Both parts in one text, as in the kubelet's kubelet-client-current.pem, or the key in a text of its own. */
export interface PemTexts {
  readonly certificate: string;
  /** Default: the key is in `certificate`. */
  readonly privateKey?: string;
}

const PRIVATE_KEY = /^(?:(?:EC|RSA|ENCRYPTED) )?PRIVATE KEY$/u;

/** An encrypted traditional key has header lines, so that it is no block for decodePem; readKeyPair tells it apart. */
const ENCRYPTED = "Proc-Type: 4,ENCRYPTED";

/** Finds certificate, chain and key, in any order, and checks that they belong together. @throws CertificatesError */
export const parsePemBundle = (texts: PemTexts): PemBundle => {
  const keyText = texts.privateKey ?? texts.certificate;
  const certificates = decodePem(texts.certificate).filter(({ label }) => label === "CERTIFICATE");
  const [first] = certificates;
  if (first === undefined) throw new CertificatesError("invalid-pem", "read PEM bundle: there is no certificate");
  const keys = decodePem(keyText).filter(({ label }) => PRIVATE_KEY.test(label));
  const [key] = keys;
  if (keyText.includes(ENCRYPTED)) throw new CertificatesError("invalid-key", "read PEM bundle: the private key is encrypted");
  if (key === undefined) throw new CertificatesError("invalid-pem", "read PEM bundle: there is no private key");
  if (keys.length > 1) throw new CertificatesError("invalid-pem", `read PEM bundle: there are ${keys.length} private keys, not one`);
  const privateKeyPem = encodePem(key);
  const parsed = parseCertificateDer(first.der);
  if (!readKeyPair(privateKeyPem).publicKey.equals(readPublicKey(parsed.publicKeyDer))) {
    throw new CertificatesError("key-mismatch", "read PEM bundle: the private key is not that of the first certificate");
  }
  return { certificatePem: certificates.map(encodePem).join(""), privateKeyPem, description: parsed.description };
};

const readText = async (path: string, maxBytes: number, signal: AbortSignal | undefined): Promise<string> => {
  try {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    if (size > maxBytes) throw new CertificatesError("unreadable", `read ${path}: longer than ${maxBytes} bytes`, { details: { path } });
    // A device or pipe says size 0 and never ends; what a regular file says is all that is read.
    const buffer = Buffer.alloc(size);
    const { bytesRead } = await file.read(buffer, 0, size, 0);
    signal?.throwIfAborted();
    return buffer.toString("latin1", 0, bytesRead);
  } catch (cause) {
    if (isCertificatesError(cause) || signal?.aborted) throw cause;
    const errno = cause instanceof Error && "code" in cause ? String(cause.code) : "failed";
    throw new CertificatesError("unreadable", `read ${path}: ${errno}`, { cause, details: { path } });
  }
};

/** Where {@link readPemBundle} reads. */
export interface PemBundleFiles {
  readonly certificateFile: string;
  /** Default: the key is in `certificateFile`. */
  readonly privateKeyFile?: string;
  /** Of each file; default 1 MiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

/** Reads certificate, chain and key from one file or two. Errors name the file. @throws CertificatesError */
export const readPemBundle = async (files: PemBundleFiles): Promise<PemBundle> => {
  const { certificateFile, privateKeyFile, maxBytes = DEFAULT_MAX_PEM_LENGTH, signal } = files;
  const certificate = await readText(certificateFile, maxBytes, signal);
  const privateKey = privateKeyFile === undefined ? undefined : await readText(privateKeyFile, maxBytes, signal);
  try {
    return parsePemBundle({ certificate, ...(privateKey === undefined ? {} : { privateKey }) });
  } catch (cause) {
    if (!isCertificatesError(cause)) throw cause;
    const where = privateKeyFile === undefined ? certificateFile : `${certificateFile} and ${privateKeyFile}`;
    throw new CertificatesError(cause.code, `${cause.message} (${where})`, { cause, details: { certificateFile, privateKeyFile } });
  }
};
