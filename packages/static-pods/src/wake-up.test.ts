import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createWakeUp } from "./wake-up.ts";

const never = new AbortController().signal;

describe("createWakeUp", () => {
  it("remembers a ring until somebody waits, once", async () => {
    const clock = createFakeClock();
    const wakeUp = createWakeUp(clock);
    wakeUp.ring();
    wakeUp.ring();
    expect(await wakeUp.wait(1000, never)).toBe("rung");
    const second = wakeUp.wait(1000, never);
    await clock.advance(1000);
    expect(await second).toBe("timeout");
  });

  it("wakes who waits and leaves no timer and no listener", async () => {
    const clock = createFakeClock();
    const wakeUp = createWakeUp(clock);
    const waiting = wakeUp.wait(1000, never);
    wakeUp.ring();
    expect(await waiting).toBe("rung");
    expect(clock.pendingCount).toBe(0);
  });

  it("ends with the abort", async () => {
    const clock = createFakeClock();
    const wakeUp = createWakeUp(clock);
    const abort = new AbortController();
    const waiting = wakeUp.wait(1000, abort.signal);
    abort.abort();
    expect(await waiting).toBe("aborted");
    expect(await wakeUp.wait(1000, abort.signal)).toBe("aborted");
    expect(clock.pendingCount).toBe(0);
  });
});
