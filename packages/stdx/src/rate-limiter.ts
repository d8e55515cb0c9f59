import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { StdxError } from "./errors.ts";
import { createWaitLine } from "./wait-line.ts";

/** A token bucket: `burst` at once, `perSecond` in the long run. */
export interface RateLimiter {
  /** Takes a token if one is there and nobody waits for it. */
  tryAcquire(): boolean;
  /** Waits for a token in the order of asking. Rejects with `signal.reason` on abort. */
  acquire(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
}

/** What {@link createRateLimiter} takes. */
export interface RateLimiterOptions {
  /** Tokens that come back per second; above 0, `Infinity` for no limit. */
  readonly perSecond: number;
  /** The most tokens that can lie ready, at least 1. The bucket starts full. */
  readonly burst: number;
  /** Default: the system clock. */
  readonly clock?: Clock | undefined;
  /** How many may wait; default 10,000. More are rejected with "queue-full". */
  readonly maxWaiting?: number | undefined;
}

/** A full bucket. It holds a timer only while somebody waits. */
export const createRateLimiter = (options: RateLimiterOptions): RateLimiter => {
  const { perSecond, burst, clock = systemClock, maxWaiting = 10_000 } = options;
  if (!(perSecond > 0) || !(burst >= 1)) {
    throw new StdxError("invalid-argument", `cannot create a rate limiter of ${perSecond} per second with a burst of ${burst}`);
  }
  let tokens = burst;
  let filledAtMs = clock.monotonicMs();
  let timer: Disposable | undefined;

  const stopTimer = (): void => {
    timer?.[Symbol.dispose]();
    timer = undefined;
  };
  const line = createWaitLine<void>({
    maxWaiting,
    what: "the rate limiter",
    onLeave: () => {
      if (line.size === 0) stopTimer();
    },
  });
  const takeToken = (): boolean => {
    if (perSecond === Infinity) return true;
    const nowMs = clock.monotonicMs();
    tokens = Math.min(burst, tokens + ((nowMs - filledAtMs) / 1000) * perSecond);
    filledAtMs = nowMs;
    // Sums of fractions fall a hair short of the whole token that the timer waited for.
    if (tokens < 1 - 1e-9) return false;
    tokens = Math.max(0, tokens - 1);
    return true;
  };
  const armTimer = (): void => {
    timer = clock.schedule(Math.max(1, ((1 - tokens) / perSecond) * 1000), () => {
      timer = undefined;
      while (line.size > 0 && takeToken()) line.takeNext()?.admit();
      if (line.size > 0) armTimer();
    });
  };

  return {
    tryAcquire: () => line.size === 0 && takeToken(),
    async acquire(acquireOptions) {
      acquireOptions?.signal?.throwIfAborted();
      if (line.size === 0 && takeToken()) return;
      const admitted = line.wait(acquireOptions?.signal, undefined);
      if (timer === undefined && line.size > 0) armTimer();
      await admitted;
    },
  };
};
