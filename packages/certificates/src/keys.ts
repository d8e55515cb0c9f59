import type { KeyObject } from "node:crypto";
import { createPrivateKey, createPublicKey, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { CertificatesError, mapCryptoErrors } from "./errors.ts";

/** Kinds of key that this package makes. */
export type KeyAlgorithm = "ecdsa-p256" | "rsa-2048";

/** A private key and its public half. Printing it shows no key: the PEM is made when asked for. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  /** The private key as the reference writes it: `EC PRIVATE KEY` (SEC 1) or `RSA PRIVATE KEY` (PKCS #1); others as PKCS #8. Keep it at 0600. */
  exportPrivateKeyPem(): string;
}

const generate = promisify(generateKeyPair);

const keyPairOf = (privateKey: KeyObject): KeyPair => ({
  privateKey,
  publicKey: createPublicKey(privateKey),
  exportPrivateKeyPem: () => {
    const kind = privateKey.asymmetricKeyType;
    const type = kind === "ec" ? "sec1" : kind === "rsa" ? "pkcs1" : "pkcs8";
    return privateKey.export({ type, format: "pem" }).toString();
  },
});

/** A new key pair. Default: ECDSA on P-256, as the reference kubelet uses for its client certificate. */
export const createKeyPair = async (options: { readonly algorithm?: KeyAlgorithm } = {}): Promise<KeyPair> => {
  const { algorithm = "ecdsa-p256" } = options;
  const { privateKey } =
    algorithm === "rsa-2048" ? await generate("rsa", { modulusLength: 2048 }) : await generate("ec", { namedCurve: "P-256" });
  return keyPairOf(privateKey);
};

/** Reads a private key: SEC 1, PKCS #1 or unencrypted PKCS #8. @throws CertificatesError invalid-key */
export const readKeyPair = (privateKeyPem: string): KeyPair => {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/u.test(privateKeyPem)) {
    throw new CertificatesError("invalid-key", "read private key: it is encrypted");
  }
  return keyPairOf(mapCryptoErrors("invalid-key", "read private key", () => createPrivateKey(privateKeyPem)));
};
