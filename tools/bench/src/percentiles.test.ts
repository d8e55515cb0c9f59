import { describe, expect, it } from "vitest";
import { computePercentile, computeSpread } from "./percentiles.ts";

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => count - index);

describe("computePercentile", () => {
  it.each([
    [[7], 0.5, 7],
    [[7], 0.99, 7],
    [[3, 1, 2], 0.5, 2],
    [[4, 1, 2, 3], 0.5, 2],
    [upTo(40), 0.99, 40],
    [upTo(100), 0.99, 99],
    [upTo(100), 0.5, 50],
    [upTo(200), 0.99, 198],
    [upTo(10), 0, 1],
    [upTo(10), 1, 10],
  ])("finds in %j at %d a value that was measured: %d", (values, share, expected) => {
    expect(computePercentile(values, share)).toBe(expected);
  });

  it("sorts by value and not as text", () => {
    expect(computePercentile([100, 9, 20], 0.5)).toBe(20);
  });

  it("leaves the row as it is", () => {
    const row = [3, 1, 2];
    computePercentile(row, 0.5);
    expect(row).toEqual([3, 1, 2]);
  });

  it("is no number when there are no values", () => {
    expect(computePercentile([], 0.5)).toBeNaN();
  });
});

describe("computeSpread", () => {
  it("tells the row in one look", () => {
    expect(computeSpread(upTo(100))).toEqual({ count: 100, min: 1, p50: 50, p90: 90, p99: 99, max: 100 });
  });
});
