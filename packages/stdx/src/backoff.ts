import { systemRandom } from "./random.ts";
import type { RandomSource } from "./random.ts";

/** What {@link computeBackoffMs} takes. */
export interface BackoffOptions {
  /** How many attempts have failed before this wait, counted from 0: attempt 0 waits `initialMs`. */
  readonly attempt: number;
  /** The first wait in milliseconds. */
  readonly initialMs: number;
  /** No wait is longer, jitter included. */
  readonly maxMs: number;
  /** Growth per attempt, at least 1; default 2. */
  readonly factor?: number | undefined;
  /** The share of the wait, 0 to 1, that chance may take off; default 0. */
  readonly jitter?: number | undefined;
  /** Default: the machine's randomness. */
  readonly random?: RandomSource | undefined;
}

/**
 * How long to wait before the next attempt: exponential, capped, and shortened by chance. Jitter is taken off rather than put on, so
 * that waits stay spread out once the cap is reached and the cap stays a cap.
 */
export const computeBackoffMs = (options: BackoffOptions): number => {
  const { initialMs, maxMs, factor = 2, jitter = 0, random = systemRandom } = options;
  const attempt = Math.max(0, options.attempt);
  const delayMs = Math.min(maxMs, initialMs * factor ** attempt);
  return jitter === 0 ? delayMs : delayMs * (1 - jitter * random());
};
