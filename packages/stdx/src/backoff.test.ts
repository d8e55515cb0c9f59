import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { computeBackoffMs } from "./backoff.ts";
import { createSeededRandom } from "./random.ts";

describe("computeBackoffMs", () => {
  it.each([
    [0, 100],
    [1, 200],
    [2, 400],
    [5, 1_000],
    [5_000, 1_000],
    [-1, 100],
  ])("waits after attempt %i for %i ms", (attempt, expectedMs) => {
    expect(computeBackoffMs({ attempt, initialMs: 100, maxMs: 1_000 })).toBe(expectedMs);
  });

  it("takes a share off by chance", () => {
    const options = { attempt: 3, initialMs: 100, maxMs: 1_000, jitter: 0.5 };
    expect(computeBackoffMs({ ...options, random: () => 0 })).toBe(800);
    expect(computeBackoffMs({ ...options, random: () => 0.5 })).toBe(600);
  });

  it("never passes the maximum and never shrinks without jitter", () => {
    const numbers = fc.record({
      attempt: fc.nat(200),
      initialMs: fc.integer({ min: 1, max: 10_000 }),
      maxMs: fc.integer({ min: 1, max: 1_000_000 }),
      factor: fc.double({ min: 1, max: 10, noNaN: true }),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(numbers, ({ seed, ...options }) => {
        const waitMs = computeBackoffMs({ ...options, random: createSeededRandom(seed) });
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(options.maxMs);
        const plain = { ...options, jitter: 0 };
        expect(computeBackoffMs({ ...plain, attempt: plain.attempt + 1 })).toBeGreaterThanOrEqual(computeBackoffMs(plain));
      }),
    );
  });
});
