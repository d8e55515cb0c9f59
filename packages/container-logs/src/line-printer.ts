import type { LogLine, LogStream } from "./log-line.ts";
import { padTimestamp } from "./timestamp.ts";

export interface LinePrinterOptions {
  readonly timestamps: boolean;
  /** Lines before it are left out. */
  readonly sinceNanos: bigint | undefined;
  /** Absent: both streams. */
  readonly stream: LogStream | undefined;
  /** Bytes that may be printed at all. */
  readonly limitBytes: number;
}

/** Turns parsed lines into what the reader of a log sees. */
export interface LinePrinter {
  print(line: LogLine): readonly Uint8Array[];
  /** Whether the limit of bytes is reached: nothing will be printed any more. */
  readonly isFull: boolean;
}

/** The pieces of a split line are printed one after the other, with one timestamp before the first. */
export const createLinePrinter = (options: LinePrinterOptions): LinePrinter => {
  const isContinued: Record<LogStream, boolean> = { stdout: false, stderr: false };
  let remainingBytes = options.limitBytes;

  const take = (piece: Uint8Array): Uint8Array => {
    const taken = piece.length > remainingBytes ? piece.subarray(0, remainingBytes) : piece;
    remainingBytes -= taken.length;
    return taken;
  };

  return {
    get isFull() {
      return remainingBytes <= 0;
    },
    print: (line) => {
      if (options.stream !== undefined && line.stream !== options.stream) return [];
      if (options.sinceNanos !== undefined && line.timestampNanos < options.sinceNanos) return [];
      const needsTimestamp = options.timestamps && !isContinued[line.stream];
      isContinued[line.stream] = line.isPartial;
      const pieces = needsTimestamp ? [Buffer.from(`${padTimestamp(line.timestamp)} `), line.content] : [line.content];
      return pieces.map(take).filter((piece) => piece.length > 0);
    },
  };
};
