import type { KeyObject } from "node:crypto";
import { createHash, sign, verify } from "node:crypto";
import { decodeBits, decodeMembers, decodeOid, decodeOne } from "./der/decode.ts";
import type { DerValue } from "./der/decode.ts";
import { encodeBits, encodeNull, encodeOid, encodeSequence } from "./der/encode.ts";
import { TAG } from "./der/tags.ts";
import { CertificatesError, mapCryptoErrors } from "./errors.ts";
import { OID } from "./oids.ts";

/** What each signature algorithm means for node:crypto. */
const ALGORITHMS: { readonly [oid: string]: { readonly digest: string | null; readonly keyType: string } } = {
  [OID.ecdsaSha256]: { digest: "sha256", keyType: "ec" },
  [OID.ecdsaSha384]: { digest: "sha384", keyType: "ec" },
  [OID.ecdsaSha512]: { digest: "sha512", keyType: "ec" },
  [OID.rsaSha256]: { digest: "sha256", keyType: "rsa" },
  [OID.rsaSha384]: { digest: "sha384", keyType: "rsa" },
  [OID.rsaSha512]: { digest: "sha512", keyType: "rsa" },
  [OID.ed25519]: { digest: null, keyType: "ed25519" },
};

const OID_OF_KEY: { readonly [keyType: string]: string } = { ec: OID.ecdsaSha256, rsa: OID.rsaSha256, ed25519: OID.ed25519 };

/** The AlgorithmIdentifier a key signs with. @throws CertificatesError unsupported */
export const signatureAlgorithm = (privateKey: KeyObject): Uint8Array => {
  const keyType = privateKey.asymmetricKeyType ?? "";
  const oid = OID_OF_KEY[keyType];
  if (oid === undefined) throw new CertificatesError("unsupported", `sign with a key of type ${keyType || "unknown"}: not supported`);
  return keyType === "rsa" ? encodeSequence(encodeOid(oid), encodeNull()) : encodeSequence(encodeOid(oid));
};

/** `SEQUENCE { body, algorithm, signature }`: the outer form of certificates and requests alike. */
export const encodeSigned = (body: Uint8Array, privateKey: KeyObject): Uint8Array => {
  const algorithm = signatureAlgorithm(privateKey);
  const digest = ALGORITHMS[OID_OF_KEY[privateKey.asymmetricKeyType ?? ""] ?? ""]?.digest ?? null;
  return encodeSequence(body, algorithm, encodeBits(sign(digest, body, privateKey)));
};

/** The parts of the outer form. */
export interface Signed {
  readonly body: DerValue;
  readonly algorithmOid: string;
  readonly signature: Uint8Array;
}

/** Takes the outer form apart. @throws CertificatesError invalid-der */
export const decodeSigned = (der: Uint8Array): Signed => {
  const parts = decodeMembers(decodeOne(der, TAG.sequence));
  const [body, algorithm, signature] = parts;
  if (body === undefined || parts.length !== 3)
    throw new CertificatesError("invalid-der", "decode DER: not of the form of a signed object");
  return { body, algorithmOid: decodeOid(decodeMembers(algorithm)[0]), signature: decodeBits(signature) };
};

/** Whether the key's owner signed the body. An algorithm that is unknown, or not the key's, is an error. @throws CertificatesError unsupported, invalid-key */
export const isSignedBy = (signed: Signed, publicKey: KeyObject): boolean => {
  const algorithm = ALGORITHMS[signed.algorithmOid];
  if (algorithm === undefined || algorithm.keyType !== publicKey.asymmetricKeyType) {
    throw new CertificatesError("unsupported", `verify a signature of algorithm ${signed.algorithmOid}: not supported for this key`);
  }
  return mapCryptoErrors("invalid-key", "verify a signature", () => verify(algorithm.digest, signed.body.raw, publicKey, signed.signature));
};

/** The key's identifier: SHA-1 over the bits of the public key (RFC 5280, 4.2.1.2, method 1). Not used for security. */
export const computeKeyId = (publicKeyDer: Uint8Array): Uint8Array => {
  const [, bits] = decodeMembers(decodeOne(publicKeyDer));
  return createHash("sha1").update(decodeBits(bits)).digest();
};
