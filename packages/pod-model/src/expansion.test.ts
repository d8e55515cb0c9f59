import { describe, expect, it } from "vitest";
import { expandSubPath, expandVariables } from "./expansion.ts";

describe("expansion", () => {
  const lookup = (name: string): string | undefined => ({ A: "1", B: "$(A)" })[name];

  it.each([
    ["$(A)", "1"],
    ["$(B)", "$(A)"],
    ["$(Z)", "$(Z)"],
    ["$$(A)", "$(A)"],
    ["$$$(A)", "$1"],
    ["$$", "$"],
    ["$", "$"],
    ["a$", "a$"],
    ["$A", "$A"],
    ["$(A", "$(A"],
    ["$($(A)", "$($(A)"],
    ["$()", "$()"],
    ["x$(A)y$(A)", "x1y1"],
  ])("of %j is %j", (text, expanded) => {
    expect(expandVariables(text, lookup)).toBe(expanded);
  });

  it("of a text without an end takes no longer than its length", () => {
    const text = "$(".repeat(1_000_000);
    const startMs = performance.now();
    expect(expandVariables(text, lookup)).toBe(text);
    // A search to the end at each of them takes some ten seconds.
    expect(performance.now() - startMs).toBeLessThan(3_000);
  });

  it("of a sub-path names the variables that are missing or empty, in order", () => {
    expect([expandSubPath("a/$(A)", lookup), expandSubPath("$(Z)/$(Y)", lookup)]).toEqual([{ path: "a/1" }, { missing: ["Y", "Z"] }]);
    expect(expandSubPath("$(E)", () => "")).toEqual({ missing: ["E"] });
  });
});
