import type { KeyObject } from "node:crypto";
import { randomBytes } from "node:crypto";
import { encodeSequence, encodeTime, encodeUnsigned, encodeValue } from "./der/encode.ts";
import { contextTag } from "./der/tags.ts";
import { CertificatesError } from "./errors.ts";
import { encodeExtensions } from "./extensions.ts";
import type { Extensions } from "./extensions.ts";
import { encodePem } from "./pem.ts";
import { computeKeyId, encodeSigned, signatureAlgorithm } from "./signature.ts";

/** What goes into a certificate, encoded as far as it must be to be the same everywhere. */
export interface CertificateParts {
  readonly subjectDer: Uint8Array;
  readonly issuerDer: Uint8Array;
  readonly publicKey: KeyObject;
  readonly issuerKey: KeyObject;
  readonly issuerKeyId: Uint8Array | undefined;
  readonly extensions: Extensions;
  /** Epoch milliseconds; cut to seconds. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** An empty SEQUENCE: a name without attributes. */
const EMPTY_NAME_LENGTH = 2;

/** 128 random bits; the first bit is off so that it stays positive, the second on so that it stays that long. */
const createSerial = (): Uint8Array => {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
};

/** Makes and signs an X.509 v3 certificate; PEM. @throws CertificatesError invalid-argument, unsupported */
export const signCertificate = (parts: CertificateParts): string => {
  const { publicKey, issuerKey, issuerKeyId, notBeforeMs, notAfterMs } = parts;
  if (!(notAfterMs > notBeforeMs)) {
    throw new CertificatesError("invalid-argument", "make a certificate: it would end before it begins", {
      details: { notBeforeMs, notAfterMs },
    });
  }
  const publicKeyDer = publicKey.export({ type: "spki", format: "der" });
  const extensions: Extensions = {
    ...parts.extensions,
    ...(parts.extensions.isAuthority === true ? { subjectKeyId: computeKeyId(publicKeyDer) } : {}),
    ...(issuerKeyId === undefined ? {} : { authorityKeyId: issuerKeyId }),
  };
  const version3 = encodeValue(contextTag(0, "constructed"), encodeUnsigned(Uint8Array.of(2)));
  const body = encodeSequence(
    version3,
    encodeUnsigned(createSerial()),
    signatureAlgorithm(issuerKey),
    parts.issuerDer,
    encodeSequence(encodeTime(notBeforeMs), encodeTime(notAfterMs)),
    parts.subjectDer,
    publicKeyDer,
    encodeValue(contextTag(3, "constructed"), encodeExtensions(extensions, parts.subjectDer.length > EMPTY_NAME_LENGTH)),
  );
  return encodePem({ label: "CERTIFICATE", der: encodeSigned(body, issuerKey) });
};
