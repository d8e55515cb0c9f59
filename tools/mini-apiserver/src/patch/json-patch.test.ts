import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyJsonPatch } from "./json-patch.ts";
import { applyMergePatch } from "./merge-patch.ts";
import { PatchError } from "./patch-error.ts";

describe("a JSON patch", () => {
  const document = { a: { b: [1, 2, 3] }, "c/d": 1, "e~f": 2 };

  it.each([
    ["adds a field", [{ op: "add", path: "/x", value: 1 }], { ...document, x: 1 }],
    ["adds to the end of a list", [{ op: "add", path: "/a/b/-", value: 4 }], { ...document, a: { b: [1, 2, 3, 4] } }],
    ["adds within a list", [{ op: "add", path: "/a/b/1", value: 9 }], { ...document, a: { b: [1, 9, 2, 3] } }],
    ["removes", [{ op: "remove", path: "/a/b/0" }], { ...document, a: { b: [2, 3] } }],
    ["replaces", [{ op: "replace", path: "/a", value: null }], { ...document, a: null }],
    ["moves", [{ op: "move", from: "/a/b", path: "/m" }], { "c/d": 1, "e~f": 2, a: {}, m: [1, 2, 3] }],
    ["copies", [{ op: "copy", from: "/a/b/2", path: "/n" }], { ...document, n: 3 }],
    ["tests, and goes on when it holds", [{ op: "test", path: "/a/b", value: [1, 2, 3] }], document],
    [
      "unescapes names",
      [
        { op: "replace", path: "/c~1d", value: 5 },
        { op: "replace", path: "/e~0f", value: 6 },
      ],
      { ...document, "c/d": 5, "e~f": 6 },
    ],
    ["replaces everything", [{ op: "replace", path: "", value: { z: 1 } }], { z: 1 }],
  ])("%s", (_what, patch, expected) => {
    const before = structuredClone(document);
    expect(applyJsonPatch(document, patch)).toEqual(expected);
    expect(document).toEqual(before);
  });

  it.each([
    ["a field that is not there", [{ op: "remove", path: "/nope" }], "unfit"],
    ["an index past the end", [{ op: "add", path: "/a/b/9", value: 1 }], "unfit"],
    ["an index with a leading zero", [{ op: "replace", path: "/a/b/01", value: 1 }], "unfit"],
    ["a negative index", [{ op: "remove", path: "/a/b/-1" }], "unfit"],
    ["the place after the last one", [{ op: "remove", path: "/a/b/-" }], "unfit"],
    ["a test that fails", [{ op: "test", path: "/c~1d", value: 2 }], "unfit"],
    ["a move into itself", [{ op: "move", from: "/a", path: "/a/x" }], "unfit"],
    ["a path through a number", [{ op: "add", path: "/c~1d/x", value: 2 }], "unfit"],
    ["an operation nobody knows", [{ op: "spin", path: "/a" }], "unfit"],
    ["no list", { op: "add" }, "malformed"],
    ["no operation", [{ path: "/a" }], "malformed"],
    ["a path without a slash", [{ op: "add", path: "a", value: 1 }], "malformed"],
    ["null", [null], "malformed"],
    ["too many operations", Array.from({ length: 10_001 }, () => ({ op: "test", path: "", value: 1 })), "malformed"],
  ])("refuses %s", (_what, patch, code) => {
    try {
      applyJsonPatch(document, patch);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(PatchError);
      expect((error as PatchError).code).toBe(code);
    }
  });

  it("takes __proto__ for a field like any other", () => {
    const patched = applyJsonPatch({}, [{ op: "add", path: "/__proto__", value: { polluted: true } }]) as object;
    expect(Object.keys(patched)).toEqual(["__proto__"]);
    expect("polluted" in {}).toBe(false);
  });

  it("throws nothing but its own error, whatever it is given", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (original, patch) => {
        try {
          applyJsonPatch(original, patch);
        } catch (error) {
          expect(error).toBeInstanceOf(PatchError);
        }
      }),
    );
  });
});

/** The table of RFC 7386, appendix A. */
describe("a merge patch", () => {
  it.each([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("makes of %j with %j %j", (original, patch, expected) => {
    expect(applyMergePatch(original, patch)).toEqual(expected);
  });

  it("does not change what it is given", () => {
    const original = { a: { b: 1 } };
    applyMergePatch(original, { a: { b: null, c: 2 } });
    expect(original).toEqual({ a: { b: 1 } });
  });

  it("pollutes no prototype", () => {
    applyMergePatch({}, JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'));
    expect("polluted" in {}).toBe(false);
  });
});
