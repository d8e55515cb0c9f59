import type { FileHandle } from "node:fs/promises";
import type { LogStream } from "./log-line.ts";
import { parseLogLine } from "./log-line.ts";

const LINE_FEED = 0x0a;
/** Time, stream and tags of a line always fit in this. */
const HEADER_BYTES = 128;

interface TailSearch {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  readonly lineCount: number;
  readonly stream: LogStream | undefined;
  readonly blockBytes: number;
  readonly signal: AbortSignal | undefined;
}

const readAt = async (handle: FileHandle, position: number, lengthBytes: number): Promise<Buffer> => {
  const buffer = Buffer.allocUnsafe(lengthBytes);
  const { bytesRead } = await handle.read(buffer, 0, lengthBytes, position);
  return buffer.subarray(0, bytesRead);
};

interface LineStart {
  readonly position: number;
  /** The first bytes of the line, and perhaps of what follows it. */
  readonly head: Uint8Array;
}

/** Where the lines of a file begin, last first, reading blocks from its end. */
async function* listLineStarts({ handle, sizeBytes, blockBytes, signal }: TailSearch): AsyncGenerator<LineStart> {
  for (let end = sizeBytes; end > 0;) {
    signal?.throwIfAborted();
    const start = Math.max(0, end - blockBytes);
    // A little more than the block, for the head of a line that begins at its end.
    const block = await readAt(handle, start, Math.min(end + HEADER_BYTES, sizeBytes) - start);
    let index = block.lastIndexOf(LINE_FEED, end - start - 1);
    while (index >= 0) {
      const position = start + index + 1;
      // The line feed at the very end of the file begins no line.
      if (position < sizeBytes) yield { position, head: block.subarray(index + 1, index + 1 + HEADER_BYTES) };
      index = index === 0 ? -1 : block.lastIndexOf(LINE_FEED, index - 1);
    }
    end = start;
  }
  yield { position: 0, head: await readAt(handle, 0, Math.min(HEADER_BYTES, sizeBytes)) };
}

/**
 * The position from which the last `lineCount` lines of a log are read. What the container wrote as one line counts as one, in however
 * many partial lines the runtime split it; an unfinished line counts too.
 */
export const findTailStart = async (search: TailSearch): Promise<number> => {
  const { sizeBytes, lineCount, stream } = search;
  if (lineCount <= 0 || sizeBytes === 0) return sizeBytes;
  let found = 0;
  let start = sizeBytes;
  let isFirst = true;
  for await (const { position, head } of listLineStarts(search)) {
    const header = parseLogLine(head);
    const isCounted = header !== undefined && (stream === undefined || header.stream === stream);
    // A full line ends a line of output, and so does the file: partial ones before it belong to it.
    if (isCounted && (!header.isPartial || isFirst)) {
      if (found === lineCount) return start;
      found += 1;
    }
    if (isCounted) isFirst = false;
    start = position;
  }
  return 0;
};
