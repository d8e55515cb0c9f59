import { parseTimestampNanos } from "./timestamp.ts";

export type LogStream = "stdout" | "stderr";

/** One line of a CRI log file. */
export interface LogLine {
  /** As written, RFC 3339 with up to nine decimals. */
  readonly timestamp: string;
  readonly timestampNanos: bigint;
  readonly stream: LogStream;
  /** Whether what the container wrote goes on in the next line of this stream. */
  readonly isPartial: boolean;
  /** What the container wrote: a view of the input; a full line keeps its line feed, a partial one has none. */
  readonly content: Uint8Array;
}

const SPACE = 0x20;
const LINE_FEED = 0x0a;
/** Longer than any timestamp and stream name; keeps the search short in a corrupted line. */
const MAX_FIELD_BYTES = 64;

const decodeField = (line: Uint8Array, start: number): { readonly text: string; readonly next: number } | undefined => {
  const end = line.indexOf(SPACE, start);
  if (end < 0 || end - start > MAX_FIELD_BYTES) return undefined;
  return { text: Buffer.from(line.buffer, line.byteOffset + start, end - start).toString("latin1"), next: end + 1 };
};

/**
 * Parses `<RFC 3339 time> <stdout|stderr> <tags> <content>`, line feed included. Undefined for anything else. Tags are separated by
 * colons and only the first, `P` or `F`, has a meaning (CRI logging format, kubernetes/design-proposals kubelet-cri-logging).
 */
export const parseLogLine = (line: Uint8Array): LogLine | undefined => {
  const time = decodeField(line, 0);
  if (time === undefined) return undefined;
  const stream = decodeField(line, time.next);
  if (stream === undefined || (stream.text !== "stdout" && stream.text !== "stderr")) return undefined;
  const tags = decodeField(line, stream.next);
  if (tags === undefined) return undefined;
  const timestampNanos = parseTimestampNanos(time.text);
  if (timestampNanos === undefined) return undefined;
  const isPartial = tags.text.split(":")[0] === "P";
  const end = isPartial && line.at(-1) === LINE_FEED ? line.length - 1 : line.length;
  return { timestamp: time.text, timestampNanos, stream: stream.text, isPartial, content: line.subarray(tags.next, end) };
};
