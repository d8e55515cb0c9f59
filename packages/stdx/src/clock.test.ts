import { afterEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "./clock.ts";

afterEach(() => {
  vi.useRealTimers();
});

describe("systemClock", () => {
  it("waits for delays longer than Node's setTimeout can hold", () => {
    vi.useFakeTimers();
    const days30Ms = 30 * 24 * 3_600_000;
    const callback = vi.fn<() => void>();
    systemClock.schedule(days30Ms, callback);
    vi.advanceTimersByTime(days30Ms - 2);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(4);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it("never fires a timer of infinite delay and lets it be disposed", () => {
    vi.useFakeTimers();
    const callback = vi.fn<() => void>();
    const timer = systemClock.schedule(Infinity, callback);
    vi.advanceTimersByTime(2 ** 32);
    timer[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
    expect(callback).not.toHaveBeenCalled();
  });

  it("does not call back after disposal", async () => {
    const callback = vi.fn<() => void>();
    systemClock.schedule(0, callback)[Symbol.dispose]();
    await systemClock.sleep(3);
    expect(callback).not.toHaveBeenCalled();
  });

  it("never wakes a sleeper early", async () => {
    const startMs = systemClock.monotonicMs();
    await systemClock.sleep(5);
    expect(systemClock.monotonicMs() - startMs).toBeGreaterThanOrEqual(5);
  });

  it("rejects a sleep with the reason of the signal", async () => {
    const reason = new Error("enough");
    await expect(systemClock.sleep(60_000, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const sleeping = systemClock.sleep(60_000, { signal: controller.signal });
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
  });

  it("tells wall time", () => {
    expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(1_000);
  });
});
