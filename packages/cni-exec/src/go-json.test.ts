import { describe, expect, it } from "vitest";
import { writeGoJson } from "./go-json.ts";

describe("JSON as Go writes it", () => {
  it("sorts the keys of objects by their bytes, at every depth", () =>
    expect(writeGoJson({ b: 1, a: { z: [], y: null }, B: true, "\u{1F600}": 1, "\uFFFD": 2 })).toBe(
      '{"B":true,"a":{"y":null,"z":[]},"b":1,"\uFFFD":2,"\u{1F600}":1}',
    ));

  it("keeps the given order where a Go caller would have a struct", () =>
    expect(writeGoJson({ b: 1, a: 2 }, "given")).toBe('{"b":1,"a":2}'));

  it("escapes what Go escapes, and only that", () =>
    expect(writeGoJson('<a href="x">&\u2028\u2029\u0001\b\n\u007F/é')).toBe(
      String.raw`"\u003ca href=\"x\"\u003e\u0026\u2028\u2029\u0001\b\n` + '\u007F/é"',
    ));

  it("replaces half a character, which UTF-8 cannot say", () => expect(writeGoJson("a\uD800")).toBe('"a\uFFFD"'));

  it("leaves out fields without a value", () => expect(writeGoJson({ a: undefined, b: 0 })).toBe('{"b":0}'));
});
