const LINE_FEED = 0x0a;

/** Cuts a stream of bytes into lines of bounded length. */
export interface LineSplitter {
  /** The lines that end in this chunk, each with its line feed; views of the chunk where possible. */
  push(chunk: Uint8Array): readonly Uint8Array[];
  /** What came after the last line feed; empty when there is nothing. The splitter is as new afterwards. */
  flush(): Uint8Array;
}

/** The part of a line beyond `maxLineBytes` is dropped; its line feed is kept. */
export const createLineSplitter = (maxLineBytes: number): LineSplitter => {
  let held: Uint8Array[] = [];
  let heldBytes = 0;

  const hold = (piece: Uint8Array): void => {
    const kept = piece.subarray(0, Math.max(0, maxLineBytes - heldBytes));
    if (kept.length === 0) return;
    // A copy: the reader uses its buffer again.
    held.push(Uint8Array.from(kept));
    heldBytes += kept.length;
  };

  const flush = (): Uint8Array => {
    const line = held.length === 1 ? (held[0] ?? new Uint8Array()) : Buffer.concat(held);
    held = [];
    heldBytes = 0;
    return line;
  };

  const finish = (piece: Uint8Array): Uint8Array => {
    if (heldBytes === 0 && piece.length <= maxLineBytes) return piece;
    const bodyBytes = heldBytes + piece.length - 1;
    hold(piece.subarray(0, piece.length - 1));
    const body = flush();
    return bodyBytes < maxLineBytes
      ? Buffer.concat([body, piece.subarray(-1)])
      : Buffer.concat([body.subarray(0, maxLineBytes - 1), piece.subarray(-1)]);
  };

  return {
    push: (chunk) => {
      const lines: Uint8Array[] = [];
      let start = 0;
      for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
        lines.push(finish(chunk.subarray(start, end + 1)));
        start = end + 1;
      }
      hold(chunk.subarray(start));
      return lines;
    },
    flush,
  };
};
