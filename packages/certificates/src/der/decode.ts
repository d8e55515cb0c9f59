import { CertificatesError } from "../errors.ts";
import { TAG } from "./tags.ts";

/** One value as it lies in the input; nothing is copied. */
export interface DerValue {
  readonly tag: number;
  readonly contents: Uint8Array;
  /** Tag, length and contents: what a signature is over. */
  readonly raw: Uint8Array;
}

const fail = (why: string, details?: { readonly [name: string]: unknown }): CertificatesError =>
  new CertificatesError("invalid-der", `decode DER: ${why}`, details === undefined ? {} : { details });

const readLength = (bytes: Uint8Array, offset: number): { readonly length: number; readonly next: number } => {
  const first = bytes[offset];
  if (first === undefined) throw fail("cut off before a length", { offset });
  if (first < 0x80) return { length: first, next: offset + 1 };
  const count = first & 0x7f;
  // 0x80 is BER's indefinite form; no value here is longer than 4 bytes can say.
  if (count === 0 || count > 4) throw fail("a length of a form that DER does not have", { offset });
  let length = 0;
  for (let index = 1; index <= count; index += 1) {
    const byte = bytes[offset + index];
    if (byte === undefined) throw fail("cut off within a length", { offset });
    length = length * 256 + byte;
  }
  if (length < 0x80 || length < 256 ** (count - 1)) throw fail("a length longer than it must be", { offset });
  return { length, next: offset + 1 + count };
};

const readValue = (bytes: Uint8Array, offset: number): DerValue => {
  const tag = bytes[offset];
  if (tag === undefined) throw fail("cut off before a tag", { offset });
  if ((tag & 0x1f) === 0x1f) throw fail("a tag of more than one byte", { offset });
  const { length, next } = readLength(bytes, offset + 1);
  if (next + length > bytes.length) throw fail("cut off within a value", { offset });
  return { tag, contents: bytes.subarray(next, next + length), raw: bytes.subarray(offset, next + length) };
};

/** The values that lie one after another. Every value takes two bytes at least, so this ends. @throws CertificatesError invalid-der */
export const decodeAll = (bytes: Uint8Array): readonly DerValue[] => {
  const values: DerValue[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const value = readValue(bytes, offset);
    values.push(value);
    offset += value.raw.length;
  }
  return values;
};

/** The one value that the bytes are. @throws CertificatesError invalid-der, also for bytes after it */
export const decodeOne = (bytes: Uint8Array, tag?: number): DerValue => {
  const value = readValue(bytes, 0);
  if (value.raw.length !== bytes.length) throw fail("bytes after the value", { offset: value.raw.length });
  return tag === undefined ? value : expectTag(value, tag);
};

/** The value, if it is there and of this tag. @throws CertificatesError invalid-der */
export const expectTag = (value: DerValue | undefined, tag: number): DerValue => {
  if (value === undefined) throw fail(`a value of tag 0x${tag.toString(16)} is missing`);
  if (value.tag !== tag) throw fail(`tag 0x${value.tag.toString(16)} where 0x${tag.toString(16)} belongs`);
  return value;
};

/** The members of a SEQUENCE or SET. @throws CertificatesError invalid-der */
export const decodeMembers = (value: DerValue | undefined, tag: number = TAG.sequence): readonly DerValue[] =>
  decodeAll(expectTag(value, tag).contents);

/** An object identifier in dotted form. @throws CertificatesError invalid-der */
export const decodeOid = (value: DerValue | undefined): string => {
  const { contents } = expectTag(value, TAG.oid);
  if (contents.length === 0 || contents.length > 64) throw fail("an object identifier of no sensible length");
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of contents) {
    if (arc > Number.MAX_SAFE_INTEGER / 256) throw fail("an object identifier with an arc too large");
    arc = arc * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    arcs.push(arc);
    arc = 0;
  }
  if (((contents.at(-1) ?? 0) & 0x80) !== 0) throw fail("an object identifier that is cut off");
  const [head = 0, ...rest] = arcs;
  const first = Math.min(2, Math.floor(head / 40));
  return [first, head - first * 40, ...rest].join(".");
};

/** A bit string of whole bytes, as keys and signatures are. @throws CertificatesError invalid-der */
export const decodeBits = (value: DerValue | undefined): Uint8Array => {
  const { contents } = expectTag(value, TAG.bitString);
  if (contents[0] !== 0) throw fail("a bit string that is not whole bytes");
  return contents.subarray(1);
};

/** The numbers of the bits that are set; bit 0 is the first. @throws CertificatesError invalid-der */
export const decodeNamedBits = (value: DerValue | undefined): readonly number[] => {
  const { contents } = expectTag(value, TAG.bitString);
  // The longest named list of X.509 (KeyUsage) has nine bits.
  if (contents.length === 0 || contents.length > 5 || (contents[0] ?? 0) > 7) throw fail("a list of named bits that makes no sense");
  const bits: number[] = [];
  for (const [index, byte] of contents.subarray(1).entries()) {
    for (let bit = 0; bit < 8; bit += 1) if ((byte & (0x80 >> bit)) !== 0) bits.push(index * 8 + bit);
  }
  return bits;
};

/** A string of any of the types that names use; bytes that are no text are refused. @throws CertificatesError invalid-der */
export const decodeText = (value: DerValue): string => {
  const isUtf8 = value.tag === TAG.utf8String;
  if (!isUtf8 && value.tag !== TAG.printableString && value.tag !== TAG.ia5String) {
    throw fail(`a text of tag 0x${value.tag.toString(16)}, which is not supported`);
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value.contents);
    if (!isUtf8 && text.length !== value.contents.length) throw new RangeError("not ASCII");
    return text;
  } catch (cause) {
    throw new CertificatesError("invalid-der", "decode DER: a text that is not in its alphabet", { cause });
  }
};

/** Epoch milliseconds. @throws CertificatesError invalid-der */
export const decodeTime = (value: DerValue | undefined): number => {
  const text = Buffer.from(value?.contents ?? []).toString("latin1");
  const isUtc = value?.tag === TAG.utcTime;
  const match = isUtc ? /^(\d\d)(\d{10})Z$/u.exec(text) : value?.tag === TAG.generalizedTime ? /^(\d{4})(\d{10})Z$/u.exec(text) : null;
  if (match === null) throw fail("a time in a form that X.509 does not have");
  const [, yearText = "", rest = ""] = match;
  const year = isUtc ? Number(yearText) + (Number(yearText) < 50 ? 2000 : 1900) : Number(yearText);
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = (rest.match(/\d\d/gu) ?? []).map(Number);
  const epochMs = Date.UTC(year, month - 1, day, hour, minute, second);
  const back = new Date(epochMs);
  // Date.UTC rolls the 31st of February over instead of refusing it, and takes years below 100 for 19xx.
  const isReal = back.getUTCFullYear() === year && back.getUTCMonth() === month - 1 && back.getUTCDate() === day;
  if (!isReal || hour > 23 || minute > 59 || second > 59) throw fail("a time that does not exist");
  return epochMs;
};
