import { describe, expect, it } from "vitest";
import { StdxError } from "./errors.ts";
import { createSeededRandom, systemRandom } from "./random.ts";

describe("createSeededRandom", () => {
  it("repeats the same numbers for the same seed and others for another", () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, createSeededRandom(seed));
    expect(draw(42)).toEqual(draw(42));
    expect(draw(42)).not.toEqual(draw(43));
  });

  it("spreads evenly over [0, 1)", () => {
    const random = createSeededRandom(7);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let draw = 0; draw < 10_000; draw += 1) {
      const value = random();
      expect(value >= 0 && value < 1).toBe(true);
      const bucket = Math.floor(value * 10);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it("refuses a seed that is not an integer", () => {
    expect(() => createSeededRandom(0.5)).toThrow(StdxError);
  });
});

describe("systemRandom", () => {
  it("stays in [0, 1)", () => {
    const value = systemRandom();
    expect(value >= 0 && value < 1).toBe(true);
  });
});
