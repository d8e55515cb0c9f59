import { grpcStatus } from "./grpc-status.ts";
import type { GrpcStatus } from "./grpc-status.ts";
import { MAX_OUTPUT_BYTES } from "./outcome.ts";

const varint = (value: number): readonly number[] => (value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]);

/** The frame of a `HealthCheckRequest` (grpc/health/v1/health.proto): no compression, the length, the service's name as field 1. */
export const encodeHealthRequest = (service: string): Buffer => {
  const name = Buffer.from(service);
  const message = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
};

const SERVING_STATUSES = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"] as const;

interface Reader {
  readonly bytes: Buffer;
  position: number;
}

/** @throws RangeError at the end of the bytes, or of a number that does not end */
const readVarint = (reader: Reader): bigint => {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.bytes.readUInt8(reader.position);
    reader.position += 1;
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return value;
  }
  throw new RangeError("variable length quantity overflow");
};

const BYTES_BY_WIRE_TYPE: { readonly [wireType: string]: number } = { "1": 8, "5": 4 };

/** Passes over a field of this wire type. */
const skipField = (reader: Reader, wireType: bigint): void => {
  const value = wireType === 0n || wireType === 2n ? readVarint(reader) : undefined;
  const bytes = value === undefined ? BYTES_BY_WIRE_TYPE[`${wireType}`] : wireType === 2n ? Number(value) : 0;
  if (bytes === undefined) throw new RangeError("unknown wire type");
  reader.position += bytes;
  if (reader.position > reader.bytes.length) throw new RangeError("unexpected end");
};

const readServingStatus = (bytes: Buffer): number => {
  const reader: Reader = { bytes, position: 0 };
  let status = 0;
  while (reader.position < bytes.length) {
    const tag = readVarint(reader);
    if (tag === 8n) status = Number(BigInt.asIntN(32, readVarint(reader)));
    else if (tag < 8n) throw new RangeError("illegal field number");
    else skipField(reader, tag & 7n);
  }
  return status;
};

/** The status in a framed `HealthCheckResponse` by its name, or why it cannot be read. */
export const decodeHealthResponse = (frame: Buffer): { readonly serving: string } | { readonly problem: GrpcStatus } => {
  if (frame.length < 5) return { problem: grpcStatus("Internal", "unexpected EOF") };
  const length = 5 + frame.readUInt32BE(1);
  if (length - 5 > MAX_OUTPUT_BYTES) {
    return { problem: grpcStatus("ResourceExhausted", `grpc: received message larger than max (${length - 5} vs. ${MAX_OUTPUT_BYTES})`) };
  }
  if (frame.length < length) return { problem: grpcStatus("Internal", "unexpected EOF") };
  if (frame[0] !== 0) {
    return { problem: grpcStatus("Internal", "grpc: compressed flag set with identity or empty encoding") };
  }
  try {
    const status = readServingStatus(frame.subarray(5, length));
    return { serving: SERVING_STATUSES[status] ?? `${status}` };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { problem: grpcStatus("Internal", `grpc: failed to unmarshal the received message: proto: ${error.message}`) };
  }
};
