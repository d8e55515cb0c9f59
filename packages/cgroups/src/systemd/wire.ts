import { alignmentOf, splitSignature } from "./signature.ts";

/** A value with its type. */
export interface Variant {
  readonly signature: string;
  readonly value: DbusValue;
}

/** Integers are numbers, 64-bit ones bigint; a struct is a list. */
export type DbusValue = string | number | bigint | boolean | Variant | readonly DbusValue[];

/** The specification's limits are 64 MiB and 128 MiB; nothing here comes near these. */
const MAX_ARRAY_BYTES = 1024 * 1024;

const INTEGER_BYTES: { readonly [code: string]: number } = { n: 2, q: 2, i: 4, u: 4, b: 4 };

/** What is no D-Bus, or not of the type it should have. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/** A text, or the empty one for a value of another type. */
export const textOf = (value: DbusValue | undefined): string => (typeof value === "string" ? value : "");

const typesOf = (signature: string): readonly string[] => {
  const types = splitSignature(signature);
  if (types === undefined) throw new WireError(`${signature} is no signature`);
  return types;
};

const isVariant = (value: DbusValue): value is Variant => typeof value === "object" && "signature" in value;

const listOf = (value: DbusValue, type: string): readonly DbusValue[] => {
  if (!Array.isArray(value)) throw new WireError(`a list is wanted for ${type}`);
  return value as readonly DbusValue[];
};

/** Writes values little-endian; bytes are gathered in pieces. */
const createWriter = () => {
  const pieces: Buffer[] = [];
  let length = 0;
  const push = (piece: Buffer): void => {
    pieces.push(piece);
    length += piece.length;
  };
  const align = (to: number): void => push(Buffer.alloc((to - (length % to)) % to));

  const writeInteger = (bytes: number, value: number): void => {
    const piece = Buffer.alloc(bytes);
    if (value < 0) piece.writeIntLE(value, 0, bytes);
    else piece.writeUIntLE(value, 0, bytes);
    push(piece);
  };

  const writeText = (text: string, lengthBytes: 1 | 4): void => {
    const bytes = Buffer.from(text, "utf8");
    if (bytes.includes(0)) throw new WireError("a text has a NUL in it");
    writeInteger(lengthBytes, bytes.length);
    push(bytes);
    push(Buffer.alloc(1));
  };

  const writeArray = (type: string, items: readonly DbusValue[]): void => {
    const head = Buffer.alloc(4);
    push(head);
    align(alignmentOf(type));
    const start = length;
    for (const item of items) write(type, item);
    head.writeUInt32LE(length - start);
  };

  const write = (type: string, value: DbusValue): void => {
    align(alignmentOf(type));
    const code = type[0] ?? "";
    if (code === "a") writeArray(type.slice(1), listOf(value, type));
    else if (code === "(" || code === "{") {
      const inner = typesOf(type.slice(1, -1));
      const members = listOf(value, type);
      if (members.length !== inner.length) throw new WireError(`${inner.length} members are wanted for ${type}`);
      for (const [index, member] of members.entries()) write(inner[index] ?? "", member);
    } else if (code === "v") {
      if (!isVariant(value)) throw new WireError("a variant is wanted");
      writeText(value.signature, 1);
      write(value.signature, value.value);
    } else if ("sog".includes(code)) {
      if (typeof value !== "string") throw new WireError(`a text is wanted for ${type}`);
      writeText(value, code === "g" ? 1 : 4);
    } else if (code === "x" || code === "t") {
      const piece = Buffer.alloc(8);
      piece.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value as bigint)));
      push(piece);
    } else if (code === "d") {
      const piece = Buffer.alloc(8);
      piece.writeDoubleLE(Number(value));
      push(piece);
    } else writeInteger(INTEGER_BYTES[code] ?? 1, Number(value));
  };

  return { write, align, finish: () => Buffer.concat(pieces) };
};

/** Values as bytes that begin at a multiple of eight, as a message's body does. */
export const marshal = (signature: string, values: readonly DbusValue[]): Buffer => {
  const writer = createWriter();
  for (const [index, type] of typesOf(signature).entries()) {
    const value = values[index];
    if (value === undefined) throw new WireError(`a value for ${type} is missing`);
    writer.write(type, value);
  }
  return writer.finish();
};

/** Reads bytes of either order. Every length is checked against what there is. */
const createReader = (bytes: Buffer, isLittleEndian: boolean) => {
  let at = 0;
  const take = (count: number): Buffer => {
    if (count < 0 || at + count > bytes.length) throw new WireError("the message ends too early");
    at += count;
    return bytes.subarray(at - count, at);
  };
  const align = (to: number): void => void take((to - (at % to)) % to);
  const readUnsigned = (count: number): number => (isLittleEndian ? take(count).readUIntLE(0, count) : take(count).readUIntBE(0, count));
  const readSigned = (count: number): number => (isLittleEndian ? take(count).readIntLE(0, count) : take(count).readIntBE(0, count));
  const readText = (lengthBytes: 1 | 4): string => {
    const text = take(readUnsigned(lengthBytes)).toString("utf8");
    take(1);
    return text;
  };

  const readArray = (type: string, depth: number): readonly DbusValue[] => {
    const length = readUnsigned(4);
    if (length > MAX_ARRAY_BYTES) throw new WireError(`a list of ${length} bytes is too long`);
    align(alignmentOf(type));
    const end = at + length;
    const items: DbusValue[] = [];
    while (at < end) items.push(read(type, depth));
    if (at !== end) throw new WireError("a list does not end where it should");
    return items;
  };

  const readLong = (code: string): DbusValue => {
    const piece = take(8);
    if (code === "d") return isLittleEndian ? piece.readDoubleLE() : piece.readDoubleBE();
    const value = isLittleEndian ? piece.readBigUInt64LE() : piece.readBigUInt64BE();
    return code === "t" ? value : BigInt.asIntN(64, value);
  };

  const read = (type: string, depth: number): DbusValue => {
    // The specification allows 64 levels of both kinds together.
    if (depth > 64) throw new WireError("values lie too deep");
    align(alignmentOf(type));
    const code = type[0] ?? "";
    if (code === "a") return readArray(type.slice(1), depth + 1);
    if (code === "(" || code === "{") return typesOf(type.slice(1, -1)).map((inner) => read(inner, depth + 1));
    if (code === "v") {
      const signature = readText(1);
      const [inner, ...more] = typesOf(signature);
      if (inner === undefined || more.length > 0) throw new WireError("a variant has not one type");
      return { signature, value: read(inner, depth + 1) };
    }
    if ("so".includes(code)) return readText(4);
    if (code === "g") return readText(1);
    if ("xtd".includes(code)) return readLong(code);
    if (code === "b") return readUnsigned(4) === 1;
    return "ni".includes(code) ? readSigned(INTEGER_BYTES[code] ?? 4) : readUnsigned(INTEGER_BYTES[code] ?? 1);
  };

  return { read: (type: string) => read(type, 0) };
};

/** Values of bytes that begin at a multiple of eight. Throws WireError for anything malformed. */
export const unmarshal = (signature: string, bytes: Buffer, isLittleEndian: boolean): readonly DbusValue[] => {
  const reader = createReader(bytes, isLittleEndian);
  return typesOf(signature).map((type) => reader.read(type));
};
