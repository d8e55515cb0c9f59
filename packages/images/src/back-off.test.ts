import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPullBackOff } from "./back-off.ts";

const INITIAL_MS = 10_000;
const MAX_MS = 300_000;
const key = { uid: "u", image: "i" };
const failure = (nowMs: number) => ({ nowMs, lastError: "ErrImagePull: x", credentials: "c" });
const create = (maxEntries = 100) => createPullBackOff({ initialMs: INITIAL_MS, maxMs: MAX_MS, maxEntries });

describe("createPullBackOff", () => {
  it("doubles from ten seconds to five minutes and ends each delay at its exact instant", () => {
    const backOff = create();
    let nowMs = 0;
    const delays = Array.from({ length: 7 }, () => {
      const retryAtMs = backOff.recordFailure(key, failure(nowMs));
      const delayMs = retryAtMs - nowMs;
      expect(backOff.check(key, retryAtMs - 1)?.retryAtMs).toBe(retryAtMs);
      expect(backOff.check(key, retryAtMs)).toBeUndefined();
      nowMs = retryAtMs;
      return delayMs;
    });
    expect(delays).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  });

  it("begins anew after twice the longest delay without a failure", () => {
    const backOff = create();
    backOff.recordFailure(key, failure(0));
    expect(backOff.recordFailure(key, failure(2 * MAX_MS)) - 2 * MAX_MS).toBe(20_000);
    const laterMs = 2 * MAX_MS + 2 * MAX_MS + 1;
    expect(backOff.recordFailure(key, failure(laterMs)) - laterMs).toBe(INITIAL_MS);
  });

  it("forgets a pod, what has expired, and the oldest beyond its bound", () => {
    const backOff = create(2);
    for (const image of ["a", "b", "c"]) backOff.recordFailure({ uid: "u", image }, failure(0));
    expect(backOff.size).toBe(2);
    expect(backOff.check({ uid: "u", image: "a" }, 1)).toBeUndefined();
    backOff.recordFailure({ uid: "v", image: "a" }, failure(2 * MAX_MS));
    backOff.forgetPod("v");
    expect(backOff.size).toBe(1);
    backOff.forgetExpired(2 * MAX_MS + 1);
    expect(backOff.size).toBe(0);
  });

  it("never delays by less than the initial, by more than the longest, or for a key that did not fail", () => {
    const step = fc.record({ waitMs: fc.integer({ min: -MAX_MS, max: 3 * MAX_MS }), image: fc.constantFrom("a", "b") });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const backOff = create();
        let nowMs = 1_000_000;
        for (const { waitMs, image } of steps) {
          nowMs += waitMs;
          const delayMs = backOff.recordFailure({ uid: "u", image }, failure(nowMs)) - nowMs;
          expect(delayMs).toBeGreaterThanOrEqual(INITIAL_MS);
          expect(delayMs).toBeLessThanOrEqual(MAX_MS);
          expect(backOff.check({ uid: "u", image }, nowMs + delayMs)).toBeUndefined();
          // A clock that was set back does not prolong the delay beyond its length.
          expect((backOff.check({ uid: "u", image }, nowMs - MAX_MS)?.retryAtMs ?? 0) - (nowMs - MAX_MS)).toBeLessThanOrEqual(delayMs);
          expect(backOff.check({ uid: "w", image }, nowMs)).toBeUndefined();
        }
      }),
    );
  });
});
