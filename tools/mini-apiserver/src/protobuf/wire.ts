/** One field as it came: its number and what it carries. */
export interface WireField {
  readonly number: number;
  /** An integer (varint), or bytes, or eight or four bytes of a fixed number. */
  readonly value: bigint | Uint8Array;
  readonly wireType: number;
}

/** The bytes are not a protobuf message. */
export class WireError extends Error {
  override readonly name = "WireError";
}

const MAX_VARINT_BYTES = 10;

/** Reads an integer of seven bits a byte, at most 64 bits. @throws WireError */
export const readVarint = (bytes: Uint8Array, offset: number): { readonly value: bigint; readonly next: number } => {
  let value = 0n;
  for (let index = 0; index < MAX_VARINT_BYTES; index += 1) {
    const byte = bytes[offset + index];
    if (byte === undefined) throw new WireError("cut off within an integer");
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), next: offset + index + 1 };
  }
  throw new WireError("an integer of more than 64 bits");
};

const take = (bytes: Uint8Array, offset: number, length: number): { readonly value: Uint8Array; readonly next: number } => {
  if (length > bytes.length - offset) throw new WireError("cut off within a field");
  return { value: bytes.subarray(offset, offset + length), next: offset + length };
};

/** The fields of a message in the order in which they came. Each takes two bytes at least, so this ends. @throws WireError */
export const readFields = (bytes: Uint8Array): readonly WireField[] => {
  const fields: WireField[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const key = readVarint(bytes, offset);
    const wireType = Number(key.value & 7n);
    const number = Number(key.value >> 3n);
    let read: { readonly value: bigint | Uint8Array; readonly next: number };
    if (wireType === 0) read = readVarint(bytes, key.next);
    else if (wireType === 1) read = take(bytes, key.next, 8);
    else if (wireType === 5) read = take(bytes, key.next, 4);
    else if (wireType === 2) {
      const length = readVarint(bytes, key.next);
      read = take(bytes, length.next, Number(length.value));
    } else throw new WireError(`a field of wire type ${wireType}`);
    fields.push({ number, value: read.value, wireType });
    offset = read.next;
  }
  return fields;
};
