import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { startTimeLimit } from "./time-limit.ts";

const setUp = (limitMs: number, signal?: AbortSignal) => {
  const clock = createFakeClock();
  let stalledMs = 0;
  const limit = startTimeLimit({
    limitMs,
    signal,
    clock: {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs() + stalledMs,
      sleep: (delayMs, options) => clock.sleep(delayMs, options),
      schedule: (delayMs, callback) => clock.schedule(delayMs, callback),
    },
  });
  return { clock, limit, stall: (ms: number) => void (stalledMs += ms) };
};

describe("a time limit", () => {
  it.each([1, 99, 1000, 1001, 60_000])("of %i ms ends exactly then, with one timer at a time", async (limitMs) => {
    const { clock, limit } = setUp(limitMs);
    await clock.advance(limitMs - 1);
    expect([limit.signal.aborted, clock.pendingCount]).toEqual([false, 1]);
    await clock.advance(1);
    expect([limit.signal.aborted, limit.lateMs(), clock.pendingCount]).toEqual([true, 0, 0]);
  });

  it("knows of a stall that was over before its end, and does not count it", async () => {
    const { clock, limit, stall } = setUp(1000);
    await clock.advance(200);
    stall(700);
    await clock.advance(799);
    expect(limit.signal.aborted).toBe(false);
    await clock.advance(1);
    expect([limit.signal.aborted, limit.lateMs()]).toEqual([true, 700]);
  });

  it("ends with its caller, and leaves nothing behind", async () => {
    const controller = new AbortController();
    const { clock, limit } = setUp(1000, controller.signal);
    controller.abort(new Error("enough"));
    expect([limit.signal.reason, clock.pendingCount]).toEqual([new Error("enough"), 0]);
    const over = setUp(1000, controller.signal);
    expect([over.limit.signal.aborted, over.clock.pendingCount]).toEqual([true, 0]);
    const disposed = setUp(1000);
    disposed.limit[Symbol.dispose]();
    expect(disposed.clock.pendingCount).toBe(0);
  });
});
