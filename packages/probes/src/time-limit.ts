import type { Clock } from "@nk/stdx";
import { DeadlineError } from "@nk/stdx";

/** A time limit that knows how much of it this process slept through. */
export interface TimeLimit extends Disposable {
  /** Aborts when the time is up, or with the caller's reason when that comes first. */
  readonly signal: AbortSignal;
  /** How long this process was too busy to look, so far. */
  lateMs(): number;
}

/** A stall shorter than a part may stay unseen, one that is longer is seen for what goes beyond it. */
const PARTS = 8;
const SHORTEST_PART_MS = 100;

/**
 * Waits in parts: what a part took too long is not taken off the rest, because an answer that came meanwhile could not be seen. A shot that
 * ends at once, as most do, costs one timer.
 */
export const startTimeLimit = (options: {
  readonly limitMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}): TimeLimit => {
  const { limitMs, clock, signal: source } = options;
  const controller = new AbortController();
  let lateMs = 0;
  let timer: Disposable | undefined;
  const arm = (leftMs: number): void => {
    const partMs = Math.min(leftMs, Math.max(SHORTEST_PART_MS, limitMs / PARTS));
    const dueMs = clock.monotonicMs() + partMs;
    timer = clock.schedule(partMs, () => {
      lateMs += Math.max(0, clock.monotonicMs() - dueMs);
      if (leftMs > partMs) return arm(leftMs - partMs);
      source?.removeEventListener("abort", onAbort);
      controller.abort(new DeadlineError(limitMs, "probe"));
    });
  };
  const onAbort = (): void => {
    timer?.[Symbol.dispose]();
    controller.abort(source?.reason);
  };
  if (source?.aborted === true) onAbort();
  else {
    source?.addEventListener("abort", onAbort, { once: true });
    arm(limitMs);
  }
  return {
    signal: controller.signal,
    lateMs: () => lateMs,
    [Symbol.dispose]: () => {
      timer?.[Symbol.dispose]();
      source?.removeEventListener("abort", onAbort);
    },
  };
};
