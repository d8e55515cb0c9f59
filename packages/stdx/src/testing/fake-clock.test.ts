import { describe, expect, it } from "vitest";
import { createFakeClock } from "./fake-clock.ts";

describe("createFakeClock", () => {
  it("runs callbacks in the order of their times, older ones first", async () => {
    const clock = createFakeClock();
    const calls: string[] = [];
    clock.schedule(20, () => void calls.push("twenty"));
    clock.schedule(10, () => void calls.push("ten"));
    clock.schedule(10, () => void calls.push("also ten"));
    clock.schedule(31, () => void calls.push("too late"));
    await clock.advance(30);
    expect(calls).toEqual(["ten", "also ten", "twenty"]);
    expect(clock.pendingCount).toBe(1);
  });

  it("shows each callback the time it was due at", async () => {
    const clock = createFakeClock({ startMs: 1_000 });
    const seen: number[][] = [];
    clock.schedule(5, () => void seen.push([clock.nowMs(), clock.monotonicMs()]));
    await clock.advance(50);
    expect(seen).toEqual([[1_005, 5]]);
    expect(clock.nowMs()).toBe(1_050);
  });

  it("includes timers that promise chains start during the advance", async () => {
    const clock = createFakeClock();
    let ticks = 0;
    const tick = async (): Promise<void> => {
      for (;;) {
        await clock.sleep(10);
        await Promise.resolve();
        ticks += 1;
      }
    };
    void tick();
    await clock.advance(100);
    expect(ticks).toBe(10);
  });

  it("lets promise chains settle before it returns", async () => {
    const clock = createFakeClock();
    let hasEnded = false;
    void clock.sleep(1).then(async () => {
      for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
      hasEnded = true;
    });
    await clock.advance(1);
    expect(hasEnded).toBe(true);
  });

  it("forgets disposed timers and aborted sleeps", async () => {
    const clock = createFakeClock();
    const controller = new AbortController();
    const timer = clock.schedule(1, () => {});
    const sleeping = clock.sleep(5, { signal: controller.signal });
    expect(clock.pendingCount).toBe(2);
    timer[Symbol.dispose]();
    controller.abort(new Error("stop"));
    await expect(sleeping).rejects.toThrow("stop");
    expect(clock.pendingCount).toBe(0);
  });
});
