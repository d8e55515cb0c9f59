import { CertificatesError } from "./errors.ts";

/** Bits of the KeyUsage extension by the name that `spec.usages` of a CertificateSigningRequest has (certificates.k8s.io/v1 KeyUsage). */
const KEY_USAGE_BITS = {
  "digital signature": 0,
  "content commitment": 1,
  "key encipherment": 2,
  "data encipherment": 3,
  "key agreement": 4,
  "cert sign": 5,
  "crl sign": 6,
  "encipher only": 7,
  "decipher only": 8,
} as const;

/** ExtendedKeyUsage purposes, likewise. */
const EXTENDED_USAGE_OIDS = {
  any: "2.5.29.37.0",
  "server auth": "1.3.6.1.5.5.7.3.1",
  "client auth": "1.3.6.1.5.5.7.3.2",
  "code signing": "1.3.6.1.5.5.7.3.3",
  "email protection": "1.3.6.1.5.5.7.3.4",
  timestamping: "1.3.6.1.5.5.7.3.8",
  "ocsp signing": "1.3.6.1.5.5.7.3.9",
} as const;

/** What a key may be used for, in the words of a CertificateSigningRequest. */
export type KeyUsage = keyof typeof KEY_USAGE_BITS | keyof typeof EXTENDED_USAGE_OIDS;

const BIT_NAMES = new Map<number, KeyUsage>(Object.entries(KEY_USAGE_BITS).map(([name, bit]) => [bit, name as KeyUsage]));
const OID_NAMES = new Map<string, KeyUsage>(Object.entries(EXTENDED_USAGE_OIDS).map(([name, oid]) => [oid, name as KeyUsage]));

/** Whether the text is a usage that this package can write into a certificate. `signing` and the IPsec, Netscape and Microsoft ones are not. */
export const isKeyUsage = (text: string): text is KeyUsage =>
  Object.hasOwn(KEY_USAGE_BITS, text) || Object.hasOwn(EXTENDED_USAGE_OIDS, text);

/**
 * Usages often come out of a CertificateSigningRequest object; one left out would make a certificate that is good for more than was asked.
 * @throws CertificatesError invalid-argument
 */
export const checkUsages = (usages: readonly string[]): void => {
  const unknown = usages.find((usage) => !isKeyUsage(usage));
  if (unknown !== undefined) {
    throw new CertificatesError("invalid-argument", `encode key usage ${JSON.stringify(unknown).slice(0, 64)}: it cannot be written`);
  }
};

export const bitsOfUsages = (usages: readonly KeyUsage[]): readonly number[] =>
  usages.flatMap((usage) => (usage in KEY_USAGE_BITS ? [KEY_USAGE_BITS[usage as keyof typeof KEY_USAGE_BITS]] : []));

export const oidsOfUsages = (usages: readonly KeyUsage[]): readonly string[] =>
  usages.flatMap((usage) => (usage in EXTENDED_USAGE_OIDS ? [EXTENDED_USAGE_OIDS[usage as keyof typeof EXTENDED_USAGE_OIDS]] : []));

export const usageOfBit = (bit: number): KeyUsage | undefined => BIT_NAMES.get(bit);

export const usageOfOid = (oid: string): KeyUsage | undefined => OID_NAMES.get(oid);
