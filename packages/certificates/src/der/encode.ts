import { CertificatesError } from "../errors.ts";
import { TAG } from "./tags.ts";

const encodeLength = (length: number): Uint8Array => {
  if (length < 0x80) return Uint8Array.of(length);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.of(0x80 | bytes.length, ...bytes);
};

/** One value: tag, length, contents. */
export const encodeValue = (tag: number, ...contents: readonly Uint8Array[]): Uint8Array => {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Uint8Array.of(tag), encodeLength(length), ...contents]);
};

export const encodeSequence = (...items: readonly Uint8Array[]): Uint8Array => encodeValue(TAG.sequence, ...items);

/** DER wants the members of a SET OF in ascending order of their encodings. */
export const encodeSetOf = (...items: readonly Uint8Array[]): Uint8Array =>
  encodeValue(TAG.set, ...items.toSorted((a, b) => Buffer.compare(a, b)));

/** A non-negative integer from its big-endian bytes: minimal, with a leading zero where the sign bit would show. */
export const encodeUnsigned = (bytes: Uint8Array): Uint8Array => {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const minimal = bytes.length === 0 ? Uint8Array.of(0) : bytes.subarray(start);
  return encodeValue(TAG.integer, ...((minimal[0] ?? 0) >= 0x80 ? [Uint8Array.of(0), minimal] : [minimal]));
};

export const encodeBoolean = (value: boolean): Uint8Array => encodeValue(TAG.boolean, Uint8Array.of(value ? 0xff : 0));

export const encodeNull = (): Uint8Array => encodeValue(TAG.null);

export const encodeOctets = (bytes: Uint8Array): Uint8Array => encodeValue(TAG.octetString, bytes);

/** A bit string of whole bytes. */
export const encodeBits = (bytes: Uint8Array): Uint8Array => encodeValue(TAG.bitString, Uint8Array.of(0), bytes);

/** A named bit list: bit 0 is the first; trailing zeros are left off as DER wants. */
export const encodeNamedBits = (bits: readonly number[]): Uint8Array => {
  if (bits.length === 0) return encodeValue(TAG.bitString, Uint8Array.of(0));
  const highest = Math.max(...bits);
  const bytes = new Uint8Array(Math.floor(highest / 8) + 1);
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return encodeValue(TAG.bitString, Uint8Array.of(7 - (highest & 7)), bytes);
};

export const encodeUtf8 = (text: string): Uint8Array => encodeValue(TAG.utf8String, Buffer.from(text, "utf8"));

/** A PrintableString where the alphabet allows it, as the reference writes names; else a UTF8String. */
export const encodeDirectoryString = (text: string): Uint8Array =>
  /^[A-Za-z0-9 '()+,\-./:=?]*$/u.test(text) ? encodeValue(TAG.printableString, Buffer.from(text, "latin1")) : encodeUtf8(text);

/** An object identifier in dotted form. @throws CertificatesError invalid-argument */
export const encodeOid = (dotted: string): Uint8Array => {
  const parts = dotted.split(".").map(Number);
  const [first = -1, second = -1, ...rest] = parts;
  if (parts.some((part) => !Number.isSafeInteger(part) || part < 0) || first > 2 || second < 0 || (first < 2 && second > 39)) {
    throw new CertificatesError("invalid-argument", `encode object identifier ${JSON.stringify(dotted.slice(0, 64))}: malformed`);
  }
  const bytes: number[] = [];
  for (const part of [first * 40 + second, ...rest]) {
    const group = [part % 128];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) group.unshift(0x80 | (left % 128));
    bytes.push(...group);
  }
  return encodeValue(TAG.oid, Uint8Array.from(bytes));
};

/** UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280, 4.1.2.5); fractions of a second are cut off. */
export const encodeTime = (epochMs: number): Uint8Array => {
  const iso = Number.isFinite(epochMs) && Math.abs(epochMs) < 8.64e15 ? new Date(epochMs).toISOString() : "";
  const year = Number(iso.slice(0, 4));
  if (!/^\d{4}-/u.test(iso) || year < 1950) {
    throw new CertificatesError("invalid-argument", `encode time ${epochMs}: outside the years 1950 to 9999`);
  }
  const digits = iso.slice(0, 19).replaceAll(/[-:T]/gu, "");
  return year < 2050
    ? encodeValue(TAG.utcTime, Buffer.from(`${digits.slice(2)}Z`, "latin1"))
    : encodeValue(TAG.generalizedTime, Buffer.from(`${digits}Z`, "latin1"));
};
