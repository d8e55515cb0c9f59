import { decodeMembers, decodeNamedBits, decodeOid, decodeOne, expectTag } from "./der/decode.ts";
import type { DerValue } from "./der/decode.ts";
import { encodeBoolean, encodeNamedBits, encodeOctets, encodeOid, encodeSequence, encodeValue } from "./der/encode.ts";
import { contextTag, TAG } from "./der/tags.ts";
import { CertificatesError } from "./errors.ts";
import { encodeIpAddress, formatIpAddress } from "./ip-address.ts";
import { OID } from "./oids.ts";
import { bitsOfUsages, checkUsages, oidsOfUsages, usageOfBit, usageOfOid } from "./usages.ts";
import type { KeyUsage } from "./usages.ts";

/** Other names of the subject, by kind. */
export interface AlternativeNames {
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly emailAddresses?: readonly string[];
  readonly uris?: readonly string[];
}

/** What the extensions say; what is absent was not there. */
export interface Extensions extends AlternativeNames {
  readonly usages?: readonly KeyUsage[];
  readonly isAuthority?: boolean;
  readonly subjectKeyId?: Uint8Array;
  readonly authorityKeyId?: Uint8Array;
}

const EMAIL = 1;
const DNS = 2;
const URI = 6;
const IP = 7;

const extension = (oid: string, value: Uint8Array, critical = false): Uint8Array =>
  encodeSequence(encodeOid(oid), ...(critical ? [encodeBoolean(true)] : []), encodeOctets(value));

const ascii = (kind: number, text: string): Uint8Array => {
  // Anything else would end up as another name than the one that was meant.
  if (!/^[\x21-\x7e]+$/u.test(text)) {
    throw new CertificatesError("invalid-argument", `encode alternative name ${JSON.stringify(text.slice(0, 64))}: not plain ASCII`);
  }
  return encodeValue(contextTag(kind, "primitive"), Buffer.from(text, "latin1"));
};

const encodeAlternativeNames = (names: AlternativeNames, hasSubject: boolean): readonly Uint8Array[] => {
  const values = [
    ...(names.dnsNames ?? []).map((text) => ascii(DNS, text)),
    ...(names.emailAddresses ?? []).map((text) => ascii(EMAIL, text)),
    ...(names.ipAddresses ?? []).map((text) => encodeValue(contextTag(IP, "primitive"), encodeIpAddress(text))),
    ...(names.uris ?? []).map((text) => ascii(URI, text)),
  ];
  return values.length === 0 ? [] : [extension(OID.subjectAltName, encodeSequence(...values), !hasSubject)];
};

/** The extensions that are there, in the order Go writes them. `hasSubject` false makes the alternative names critical (RFC 5280, 4.2.1.6). */
export const encodeExtensions = (extensions: Extensions, hasSubject: boolean): Uint8Array => {
  const { usages = [] } = extensions;
  checkUsages(usages);
  const bits = bitsOfUsages(usages);
  const oids = oidsOfUsages(usages);
  const { isAuthority, subjectKeyId, authorityKeyId } = extensions;
  return encodeSequence(
    ...(bits.length > 0 ? [extension(OID.keyUsage, encodeNamedBits(bits), true)] : []),
    ...(oids.length > 0 ? [extension(OID.extendedKeyUsage, encodeSequence(...oids.map(encodeOid)))] : []),
    ...(isAuthority === undefined
      ? []
      : [extension(OID.basicConstraints, encodeSequence(...(isAuthority ? [encodeBoolean(true)] : [])), true)]),
    ...(subjectKeyId === undefined ? [] : [extension(OID.subjectKeyId, encodeOctets(subjectKeyId))]),
    ...(authorityKeyId === undefined
      ? []
      : [extension(OID.authorityKeyId, encodeSequence(encodeValue(contextTag(0, "primitive"), authorityKeyId)))]),
    ...encodeAlternativeNames(extensions, hasSubject),
  );
};

type Names = { -readonly [name in keyof AlternativeNames]-?: string[] };

const decodeAlternativeNames = (value: DerValue): AlternativeNames => {
  const names: Names = { dnsNames: [], ipAddresses: [], emailAddresses: [], uris: [] };
  for (const { tag, contents } of decodeMembers(value)) {
    const text = Buffer.from(contents).toString("latin1");
    if (tag === contextTag(IP, "primitive")) {
      const address = formatIpAddress(contents);
      if (address === undefined) throw new CertificatesError("invalid-der", `decode DER: an IP address of ${contents.length} bytes`);
      names.ipAddresses.push(address);
    } else if (tag === contextTag(DNS, "primitive")) names.dnsNames.push(text);
    else if (tag === contextTag(EMAIL, "primitive")) names.emailAddresses.push(text);
    else if (tag === contextTag(URI, "primitive")) names.uris.push(text);
  }
  return Object.fromEntries(Object.entries(names).filter(([, list]) => list.length > 0));
};

const decodeUsages = (oid: string, value: DerValue): readonly KeyUsage[] =>
  oid === OID.keyUsage
    ? decodeNamedBits(value).flatMap((bit) => usageOfBit(bit) ?? [])
    : decodeMembers(value).flatMap((item) => usageOfOid(decodeOid(item)) ?? []);

const decodeAuthority = (value: DerValue): boolean => {
  const [first] = decodeMembers(value);
  return first?.tag === TAG.boolean && first.contents[0] === 0xff;
};

const decodeExtension = (oid: string, value: DerValue): Extensions => {
  switch (oid) {
    case OID.subjectAltName:
      return decodeAlternativeNames(value);
    case OID.basicConstraints:
      return { isAuthority: decodeAuthority(value) };
    case OID.subjectKeyId:
      return { subjectKeyId: expectTag(value, TAG.octetString).contents };
    case OID.authorityKeyId: {
      const id = decodeMembers(value).find(({ tag }) => tag === contextTag(0, "primitive"));
      return id === undefined ? {} : { authorityKeyId: id.contents };
    }
    default:
      return {};
  }
};

/** Reads `Extensions`; ones that this package does not know are skipped, one that comes twice is refused. @throws CertificatesError invalid-der */
export const decodeExtensions = (list: DerValue | undefined): Extensions => {
  let extensions: Extensions = {};
  const seen = new Set<string>();
  for (const item of decodeMembers(list)) {
    const parts = decodeMembers(item);
    const oid = decodeOid(parts[0]);
    if (seen.has(oid)) throw new CertificatesError("invalid-der", `decode DER: extension ${oid} twice`);
    seen.add(oid);
    const value = decodeOne(expectTag(parts.at(-1), TAG.octetString).contents);
    if (oid === OID.keyUsage || oid === OID.extendedKeyUsage) {
      extensions = { ...extensions, usages: [...(extensions.usages ?? []), ...decodeUsages(oid, value)] };
    } else {
      extensions = { ...extensions, ...decodeExtension(oid, value) };
    }
  }
  return extensions;
};
