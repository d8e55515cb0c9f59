import { describe, expect, it } from "vitest";
import { findDifference, isSameLine } from "../scenarios/match-trace.ts";

describe("what happened on a node", () => {
  const expected = [
    "main starts",
    "a is told to stop within 5 s | b is told to stop within 5 s",
    "a exits 0 | b exits 0",
    "sandbox is stopped",
  ];
  const stop = ["a is told to stop within 5 s", "b is told to stop within 5 s"];
  it.each([
    ["in the order of the scenario", ["main starts", ...stop, "a exits 0", "b exits 0", "sandbox is stopped"]],
    [
      "one container after the other, where any order will do",
      ["main starts", ...stop.toReversed().flatMap((line) => [line, `${line[0]} exits 0`]), "sandbox is stopped"],
    ],
  ] as const)("is as expected %s", (_what, seen) => {
    expect(findDifference(expected, seen, { mayGoOn: false })).toBeUndefined();
  });

  it.each([
    [
      "a line too few",
      ["main starts"],
      "expected a is told to stop within 5 s | b is told to stop within 5 s | a exits 0 | b exits 0, seen nothing more",
    ],
    ["a line in the wrong place", [...stop, "main starts"], "expected main starts, seen a is told to stop within 5 s"],
    [
      "an end before its container was told",
      ["main starts", "a exits 0", ...stop, "b exits 0"],
      "expected a is told to stop within 5 s | b is told to stop within 5 s | a exits 0 | b exits 0, seen a exits 0",
    ],
    [
      "a line too many",
      ["main starts", ...stop, "a exits 0", "b exits 0", "sandbox is stopped", "main starts"],
      "expected nothing more, seen main starts",
    ],
  ] as const)("differs by %s", (_what, seen, difference) => {
    expect(findDifference(expected, seen, { mayGoOn: false })).toBe(difference);
  });

  it("may go on where the scenario says so", () => {
    expect(findDifference(["main starts"], ["main starts", "main exits 1"], { mayGoOn: true })).toBeUndefined();
  });

  it.each([
    ["main is told to stop within 30 s", true],
    ["main is told to stop within 28 s", true],
    ["main is told to stop within 27 s", false],
    ["main is told to stop within 31 s", false],
    ["side is told to stop within 30 s", false],
  ] as const)("%s instead of within 30 s: %s", (seen, isSame) => {
    expect(isSameLine("main is told to stop within 30 s", seen)).toBe(isSame);
  });
});
