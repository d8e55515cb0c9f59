import type { KeyObject } from "node:crypto";
import { createHash, createPublicKey } from "node:crypto";
import { decodeMembers, decodeOne, decodeTime, expectTag } from "./der/decode.ts";
import { contextTag, TAG } from "./der/tags.ts";
import { CertificatesError, mapCryptoErrors } from "./errors.ts";
import { decodeExtensions } from "./extensions.ts";
import type { AlternativeNames, Extensions } from "./extensions.ts";
import { decodeName } from "./names.ts";
import type { DistinguishedName } from "./names.ts";
import { decodePem } from "./pem.ts";
import { decodeSigned } from "./signature.ts";
import type { Signed } from "./signature.ts";
import type { KeyUsage } from "./usages.ts";

/** What a certificate says. Nothing of it is checked: not the signature, not the time. */
export interface CertificateDescription extends AlternativeNames {
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  /** Hexadecimal, lower case, without leading zeros. */
  readonly serialNumber: string;
  /** Epoch milliseconds. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Usages that this package knows; empty: none stated, which means all. */
  readonly usages: readonly KeyUsage[];
  readonly isAuthority: boolean;
  /** SHA-256 of the DER, hexadecimal, lower case. */
  readonly fingerprint: string;
}

/** A certificate taken apart. */
export interface ParsedCertificate {
  readonly description: CertificateDescription;
  readonly signed: Signed;
  readonly subjectDer: Uint8Array;
  readonly issuerDer: Uint8Array;
  readonly publicKeyDer: Uint8Array;
  readonly extensions: Extensions;
}

/** Takes a certificate apart. @throws CertificatesError invalid-der */
export const parseCertificateDer = (der: Uint8Array): ParsedCertificate => {
  const signed = decodeSigned(der);
  const fields = [...decodeMembers(signed.body)];
  // A version 1 certificate has no version field.
  if (fields[0]?.tag === contextTag(0, "constructed")) fields.shift();
  const [serial, , issuer, validity, subject, publicKey, ...rest] = fields;
  const [notBefore, notAfter] = decodeMembers(validity);
  const wrapped = rest.find(({ tag }) => tag === contextTag(3, "constructed"));
  const extensions = wrapped === undefined ? {} : decodeExtensions(decodeOne(wrapped.contents, TAG.sequence));
  const { dnsNames, ipAddresses, emailAddresses, uris } = extensions;
  const hex = Buffer.from(expectTag(serial, TAG.integer).contents).toString("hex");
  return {
    signed,
    subjectDer: expectTag(subject, TAG.sequence).raw,
    issuerDer: expectTag(issuer, TAG.sequence).raw,
    publicKeyDer: expectTag(publicKey, TAG.sequence).raw,
    extensions,
    description: {
      subject: decodeName(subject),
      issuer: decodeName(issuer),
      serialNumber: hex.replace(/^0+(?=.)/u, ""),
      notBeforeMs: decodeTime(notBefore),
      notAfterMs: decodeTime(notAfter),
      usages: extensions.usages ?? [],
      isAuthority: extensions.isAuthority ?? false,
      fingerprint: createHash("sha256").update(der).digest("hex"),
      ...(dnsNames === undefined ? {} : { dnsNames }),
      ...(ipAddresses === undefined ? {} : { ipAddresses }),
      ...(emailAddresses === undefined ? {} : { emailAddresses }),
      ...(uris === undefined ? {} : { uris }),
    },
  };
};

/** The DER of the first certificate of a PEM text. @throws CertificatesError invalid-pem */
export const firstCertificateDer = (pem: string): Uint8Array => {
  const block = decodePem(pem).find(({ label }) => label === "CERTIFICATE");
  if (block === undefined) throw new CertificatesError("invalid-pem", "read certificate: there is none in the text");
  return block.der;
};

/** The public key of a SubjectPublicKeyInfo. @throws CertificatesError invalid-key */
export const readPublicKey = (der: Uint8Array): KeyObject =>
  mapCryptoErrors("invalid-key", "read public key", () => createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" }));

/**
 * Says what is in a certificate: PEM (the first of a chain) or DER. It verifies nothing; use node:crypto's X509Certificate or a TLS handshake
 * for that. @throws CertificatesError invalid-pem, invalid-der
 */
export const describeCertificate = (certificate: string | Uint8Array): CertificateDescription =>
  parseCertificateDer(typeof certificate === "string" ? firstCertificateDer(certificate) : certificate).description;
