import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isStdxError } from "./errors.ts";
import { formatGoDuration, parseGoDuration } from "./go-duration.ts";

describe("parseGoDuration", () => {
  it.each([
    ["0", 0],
    ["+0", 0],
    ["0s", 0],
    ["1h2m3.5s", 3_723_500],
    ["300ms", 300],
    ["1.5h", 5_400_000],
    ["-1s", -1_000],
    ["+5m", 300_000],
    ["1us", 0.001],
    ["1\u00b5s", 0.001],
    ["1\u03bcs", 0.001],
    ["10ns", 0.00001],
    [".5s", 500],
    ["1.s", 1_000],
    ["1m1m", 120_000],
    ["0.0000000019s", 0.000001],
  ])("reads %s as %d ms", (text, expectedMs) => {
    expect(parseGoDuration(text)).toBe(expectedMs);
  });

  it.each(["", "1", "s", ".s", "1 s", " 1s", "1S", "1d", "--1s", "1s-1s", "1e3s", "Infinity", "1m ", "2628000h"])("refuses %j", (text) => {
    let error: unknown;
    try {
      parseGoDuration(text);
    } catch (caught) {
      error = caught;
    }
    expect(isStdxError(error) && error.code).toBe("invalid-duration");
  });
});

describe("formatGoDuration", () => {
  it.each([
    [0, "0s"],
    [90_000, "1m30s"],
    [120_000, "2m0s"],
    [300, "300ms"],
    [3_600_000, "1h0m0s"],
    [1_500, "1.5s"],
    [1.5, "1.5ms"],
    [0.0015, "1.5\u00b5s"],
    [0.00001, "10ns"],
    [-61_000, "-1m1s"],
    [359_999_999.5, "99h59m59.9995s"],
  ])("prints %d ms as %s", (durationMs, expected) => {
    expect(formatGoDuration(durationMs)).toBe(expected);
  });

  it("refuses what is not a number of milliseconds", () => {
    expect(() => formatGoDuration(Number.NaN)).toThrow("cannot print");
    expect(() => formatGoDuration(Infinity)).toThrow("cannot print");
  });

  it("prints what parseGoDuration reads back, to the nanosecond", () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 30), max: 2 ** 30 }), fc.integer({ min: 0, max: 999_999 }), (wholeMs, nanos) => {
        const text = formatGoDuration(wholeMs + nanos / 1e6);
        expect(formatGoDuration(parseGoDuration(text))).toBe(text);
      }),
    );
  });
});
