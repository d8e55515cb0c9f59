import { createSemaphore, raceSignal, withDeadline } from "@nk/stdx";
import type { Clock, Counter, Histogram } from "@nk/stdx";
import { createExpiringCache } from "./expiring-cache.ts";
import type { TokenCacheMetrics } from "./metrics.ts";

/** Limits of the questions to the API server. */
export interface ReviewLimits {
  /** Answers kept. Default 8192 (as the reference keeps of access reviews). */
  readonly cacheCapacity?: number;
  /** How long one question may take, waiting for its turn included. Default 10 s. */
  readonly timeoutMs?: number;
  /** Questions on their way at one time. Default 20. */
  readonly maxConcurrentReviews?: number;
  /** Questions that wait for their turn; more are refused at once. Default 500. */
  readonly maxWaitingReviews?: number;
}

/** What {@link createReviewCache} takes. */
export interface ReviewCacheOptions<T> extends ReviewLimits {
  readonly clock: Clock;
  readonly what: string;
  /** How long an answer holds; 0: it is not kept. */
  readonly ttlMsOf: (answer: T) => number;
  readonly total: Counter;
  readonly duration: Histogram;
  /** Absent: how well the cache does is not measured. */
  readonly cacheMetrics?: TokenCacheMetrics;
}

/** One question. Equal keys mean the same question. */
export interface ReviewQuestion<T> {
  readonly key: string;
  /** False: the answer is not kept, e.g. because the key is too large. */
  readonly isCacheable: boolean;
  readonly ask: (options: { readonly signal: AbortSignal }) => Promise<T>;
}

/** Answers questions from memory or by asking; equal questions at one time are asked once. Rejections are never kept. */
export type ReviewCache<T> = (question: ReviewQuestion<T>, options: { readonly signal: AbortSignal }) => Promise<T>;

const codeOf = (error: unknown): string => {
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  return typeof status === "number" ? String(status) : "<error>";
};

export const createReviewCache = <T>(options: ReviewCacheOptions<T>): ReviewCache<T> => {
  const { clock, what, ttlMsOf, total, duration, cacheMetrics } = options;
  const { cacheCapacity = 8192, timeoutMs = 10_000, maxConcurrentReviews = 20, maxWaitingReviews = 500 } = options;
  const answers = createExpiringCache<T>({ clock, capacity: cacheCapacity });
  const permits = createSemaphore(maxConcurrentReviews, { maxWaiting: maxWaitingReviews });
  const underway = new Map<string, Promise<T>>();

  const measure = (code: string, beganMs: number): void => {
    total.inc({ code });
    duration.observe((clock.monotonicMs() - beganMs) / 1000, { code });
  };
  const askNow = async (question: ReviewQuestion<T>["ask"], signal: AbortSignal): Promise<T> => {
    const beganMs = clock.monotonicMs();
    try {
      const answer = await raceSignal(question({ signal }), signal);
      measure("201", beganMs);
      return answer;
    } catch (error) {
      measure(codeOf(error), beganMs);
      throw error;
    }
  };
  const ask = async ({ key, isCacheable, ask: question }: ReviewQuestion<T>): Promise<T> => {
    const ended = cacheMetrics?.fetching();
    let isOk = false;
    try {
      // Its own deadline and not the first asker's signal: others may have joined by the time that one leaves.
      using deadline = withDeadline({ timeoutMs, clock, what });
      using _permit = await permits.acquire({ signal: deadline.signal });
      const answer = await askNow(question, deadline.signal);
      isOk = true;
      if (isCacheable) answers.put(key, { value: answer, ttlMs: ttlMsOf(answer) });
      return answer;
    } finally {
      ended?.(isOk);
    }
  };
  const lookUp = async (question: ReviewQuestion<T>, signal: AbortSignal): Promise<{ readonly answer: T; readonly wasKnown: boolean }> => {
    const { key } = question;
    const known = answers.get(key);
    if (known !== undefined) return { answer: known, wasKnown: true };
    const shared = underway.get(key) ?? ask(question).finally(() => underway.delete(key));
    underway.set(key, shared);
    using _blocked = cacheMetrics?.blocking();
    return { answer: await raceSignal(shared, signal), wasKnown: false };
  };
  return async (question, { signal }) => {
    signal.throwIfAborted();
    const beganMs = clock.monotonicMs();
    let wasKnown = false;
    try {
      const found = await lookUp(question, signal);
      ({ wasKnown } = found);
      return found.answer;
    } finally {
      cacheMetrics?.answered(wasKnown, clock.monotonicMs() - beganMs);
    }
  };
};
