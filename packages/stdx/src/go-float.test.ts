import { describe, expect, it } from "vitest";
import { formatGoFloat } from "./go-float.ts";

describe("a number", () => {
  it.each([
    [0, "0"],
    [-0, "0"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
    [9.999999999999999e-6, "9.999999999999999e-06"],
    [604_800, "604800"],
    [2_592_000, "2.592e+06"],
    [-1_000_000, "-1e+06"],
    [123_456.5, "123456.5"],
    [119.20928955078125, "119.20928955078125"],
    [2 ** 64, "1.8446744073709552e+19"],
    [Infinity, "+Inf"],
    [-Infinity, "-Inf"],
    [Number.NaN, "NaN"],
  ])("%d is written as %s", (value, text) => expect(formatGoFloat(value)).toBe(text));
});
