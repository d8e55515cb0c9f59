import { createRateLimiter } from "@nk/stdx";
import type { Clock, RateLimiter } from "@nk/stdx";
import type { Lane } from "../kinds.ts";

/** Requests per second in the long run, and at once. A negative `qps` is no limit. */
export interface RateLimit {
  readonly qps: number;
  readonly burst: number;
}

/** What {@link createRequestLimiter} takes. */
export interface RequestLimiterOptions {
  readonly limit: RateLimit;
  /** Events' own; default: they share `limit`. */
  readonly eventLimit: RateLimit | undefined;
  readonly clock: Clock;
}

/** Holds requests back. */
export interface RequestLimiter {
  /** Waits for the request's turn; false when no limit applies to it. */
  wait(request: { readonly lane: Lane; readonly isUrgent: boolean }, signal: AbortSignal): Promise<boolean>;
}

const limiterOf = ({ qps, burst }: RateLimit, clock: Clock): RateLimiter | undefined =>
  qps < 0 ? undefined : createRateLimiter({ perSecond: qps, burst: Math.max(1, burst), clock });

/**
 * One token bucket for all but leases, as the reference's heartbeat client has none. What is urgent takes a token if there is one and goes
 * at once in any case.
 */
export const createRequestLimiter = (options: RequestLimiterOptions): RequestLimiter => {
  const limiter = limiterOf(options.limit, options.clock);
  const eventLimiter = options.eventLimit === undefined ? limiter : limiterOf(options.eventLimit, options.clock);
  return {
    async wait({ lane, isUrgent }, signal) {
      const bucket = lane === "events" ? eventLimiter : limiter;
      if (bucket === undefined || lane === "lease") return false;
      if (isUrgent) bucket.tryAcquire();
      else await bucket.acquire({ signal });
      return true;
    },
  };
};
