import { setImmediate } from "node:timers/promises";
import { sleepOn } from "../clock.ts";
import type { Clock } from "../clock.ts";

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /**
   * Moves the time on. Callbacks that fall due run in the order of their times; after each one, and at the end, promise chains get
   * the time to settle, and timers they start are part of the same advance when they fall into it.
   */
  advance(durationMs: number): Promise<void>;
  /** Timers that wait. */
  readonly pendingCount: number;
}

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Each turn of the event loop drains all promise jobs; a second one serves chains that hop over setImmediate or nextTick themselves. */
const SETTLE_TURNS = 3;

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < SETTLE_TURNS; turn += 1) await setImmediate();
};

/** A fake clock whose wall time starts at `startMs` (default 2026-01-01T00:00:00Z); its monotonic time starts at 0. */
export const createFakeClock = (options: { readonly startMs?: number | undefined } = {}): FakeClock => {
  const { startMs = Date.UTC(2026, 0, 1) } = options;
  const timers = new Set<Timer>();
  let elapsedMs = 0;

  const schedule = (delayMs: number, callback: () => void): Disposable => {
    const timer = { dueMs: elapsedMs + Math.max(0, delayMs), callback };
    timers.add(timer);
    return { [Symbol.dispose]: () => void timers.delete(timer) };
  };
  const takeDue = (untilMs: number): Timer | undefined => {
    let earliest: Timer | undefined;
    // A set keeps the order of insertion, so of two timers for one instant the older wins.
    for (const timer of timers) if (timer.dueMs <= untilMs && (earliest === undefined || timer.dueMs < earliest.dueMs)) earliest = timer;
    if (earliest !== undefined) timers.delete(earliest);
    return earliest;
  };

  return {
    nowMs: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    sleep: (delayMs, sleepOptions) => sleepOn(schedule, delayMs, sleepOptions?.signal),
    schedule,
    async advance(durationMs) {
      const untilMs = elapsedMs + durationMs;
      await settle();
      for (let timer = takeDue(untilMs); timer !== undefined; timer = takeDue(untilMs)) {
        elapsedMs = Math.max(elapsedMs, timer.dueMs);
        timer.callback();
        await settle();
      }
      elapsedMs = untilMs;
    },
    get pendingCount() {
      return timers.size;
    },
  };
};
