import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLineSplitter } from "./line-splitter.ts";

const split = (chunks: readonly Uint8Array[], maxLineBytes: number): string[] => {
  const splitter = createLineSplitter(maxLineBytes);
  // One buffer for all chunks, as a reader has it: a line that was kept must not change with it.
  const shared = Buffer.alloc(1000);
  const lines = chunks.flatMap((chunk) => {
    shared.set(chunk);
    return splitter.push(shared.subarray(0, chunk.length)).map((line) => Buffer.from(line).toString("latin1"));
  });
  return [...lines, Buffer.from(splitter.flush()).toString("latin1")];
};

const chunk = fc.uint8Array({ maxLength: 30 }).map((bytes) => bytes.map((byte) => (byte < 60 ? 10 : byte)));

describe("createLineSplitter", () => {
  it("gives the same lines wherever the chunks are cut", () => {
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 20 }), (chunks) => {
        const text = Buffer.concat(chunks).toString("latin1");
        const expected = text.split(/(?<=\n)/);
        if (text === "" || text.endsWith("\n")) expected.push("");
        expect(split(chunks, 1_000_000)).toEqual(expected.filter((line, index) => line !== "" || index === expected.length - 1));
      }),
    );
  });

  it("cuts long lines the same way wherever the chunks are cut", () => {
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 20 }), fc.integer({ min: 1, max: 12 }), (chunks, maxLineBytes) => {
        const whole = split([Buffer.concat(chunks)], maxLineBytes);
        expect(split(chunks, maxLineBytes)).toEqual(whole);
        for (const line of whole) expect(line.length).toBeLessThanOrEqual(maxLineBytes);
      }),
    );
  });
});
