import type { DbusValue, Variant } from "./wire.ts";
import { marshal, unmarshal, WireError } from "./wire.ts";

/** The kinds of messages (D-Bus specification, message types). */
export const MESSAGE_TYPES = { call: 1, reply: 2, error: 3, signal: 4 } as const;

export interface DbusMessage {
  readonly type: number;
  readonly serial: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  readonly replySerial?: number;
  readonly destination?: string;
  readonly sender?: string;
  readonly signature?: string;
  readonly body: readonly DbusValue[];
}

type Field = Exclude<keyof DbusMessage, "type" | "serial" | "body">;

/** Header fields by their number, with their type. */
const FIELDS: readonly (readonly [code: number, name: Field, type: string])[] = [
  [1, "path", "o"],
  [2, "interface", "s"],
  [3, "member", "s"],
  [4, "errorName", "s"],
  [5, "replySerial", "u"],
  [6, "destination", "s"],
  [7, "sender", "s"],
  [8, "signature", "g"],
];

const HEADER_SIGNATURE = "yyyyuua(yv)";
const FIXED_BYTES = 16;
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const LITTLE_ENDIAN = "l".charCodeAt(0);
const BIG_ENDIAN = "B".charCodeAt(0);

const padded = (length: number): number => Math.ceil(length / 8) * 8;

export const encodeMessage = (message: DbusMessage): Buffer => {
  const body = marshal(message.signature ?? "", message.body);
  const fields = FIELDS.flatMap(([code, name, signature]): readonly DbusValue[] => {
    const value = message[name];
    return value === undefined || value === "" ? [] : [[code, { signature, value }]];
  });
  const header = marshal(HEADER_SIGNATURE, [LITTLE_ENDIAN, message.type, 0, 1, body.length, message.serial, fields]);
  return Buffer.concat([header, Buffer.alloc(padded(header.length) - header.length), body]);
};

/** How long the message at the start of some bytes is; undefined when too few are there to tell. */
export const messageLength = (bytes: Buffer): number | undefined => {
  if (bytes.length < FIXED_BYTES) return undefined;
  const isLittleEndian = bytes[0] === LITTLE_ENDIAN;
  if ((!isLittleEndian && bytes[0] !== BIG_ENDIAN) || bytes[3] !== 1) throw new WireError("this is no D-Bus message");
  const bodyBytes = isLittleEndian ? bytes.readUInt32LE(4) : bytes.readUInt32BE(4);
  const fieldBytes = isLittleEndian ? bytes.readUInt32LE(12) : bytes.readUInt32BE(12);
  const length = padded(FIXED_BYTES + fieldBytes) + bodyBytes;
  if (length > MAX_MESSAGE_BYTES) throw new WireError(`a message of ${length} bytes is too long`);
  return length;
};

const isField = (value: DbusValue): value is readonly [number, Variant] => Array.isArray(value) && value.length === 2;

/** One whole message. */
export const decodeMessage = (bytes: Buffer): DbusMessage => {
  const isLittleEndian = bytes[0] === LITTLE_ENDIAN;
  const header = unmarshal(HEADER_SIGNATURE, bytes, isLittleEndian);
  const [, type, , , bodyBytes, serial, list] = header;
  const fields: { [name: string]: DbusValue } = {};
  for (const entry of Array.isArray(list) ? (list as readonly DbusValue[]) : []) {
    if (!isField(entry)) continue;
    const known = FIELDS.find(([code]) => code === entry[0]);
    if (known !== undefined && known[2] === entry[1].signature) fields[known[1]] = entry[1].value;
  }
  const signature = typeof fields["signature"] === "string" ? fields["signature"] : "";
  const body = unmarshal(signature, bytes.subarray(bytes.length - Number(bodyBytes)), isLittleEndian);
  return { ...fields, type: Number(type), serial: Number(serial), body };
};
