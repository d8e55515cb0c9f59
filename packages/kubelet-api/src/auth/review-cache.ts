import { createSemaphore, raceSignal, withDeadline } from "@nk/stdx";
import type { Clock, Counter, Histogram } from "@nk/stdx";
import { createExpiringCache } from "./expiring-cache.ts";

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
  const { clock, what, ttlMsOf, total, duration } = options;
  const { cacheCapacity = 8192, timeoutMs = 10_000, maxConcurrentReviews = 20, maxWaitingReviews = 500 } = options;
  const answers = createExpiringCache<T>({ clock, capacity: cacheCapacity });
  const permits = createSemaphore(maxConcurrentReviews, { maxWaiting: maxWaitingReviews });
  const underway = new Map<string, Promise<T>>();

  const measure = (code: string, beganMs: number): void => {
    total.inc({ code });
    duration.observe((clock.monotonicMs() - beganMs) / 1000, { code });
  };
  const ask = async ({ key, isCacheable, ask: question }: ReviewQuestion<T>): Promise<T> => {
    // Its own deadline and not the first asker's signal: others may have joined by the time that one leaves.
    using deadline = withDeadline({ timeoutMs, clock, what });
    using _permit = await permits.acquire({ signal: deadline.signal });
    const beganMs = clock.monotonicMs();
    try {
      const answer = await raceSignal(question({ signal: deadline.signal }), deadline.signal);
      measure("201", beganMs);
      if (isCacheable) answers.put(key, { value: answer, ttlMs: ttlMsOf(answer) });
      return answer;
    } catch (error) {
      measure(codeOf(error), beganMs);
      throw error;
    }
  };
  return async (question, { signal }) => {
    signal.throwIfAborted();
    const { key } = question;
    const known = answers.get(key);
    if (known !== undefined) return known;
    const shared = underway.get(key) ?? ask(question).finally(() => underway.delete(key));
    underway.set(key, shared);
    return raceSignal(shared, signal);
  };
};
