/** What is remembered of an image that could not be pulled for a pod. */
interface BackOffEntry {
  readonly delayMs: number;
  readonly updatedAtMs: number;
  /** Waiting reason and message of the last failure. */
  readonly lastError: string;
  /** Which logins were tried; others deserve an attempt at once. */
  readonly credentials: string;
}

export interface BackOffFailure {
  readonly nowMs: number;
  readonly lastError: string;
  readonly credentials: string;
}

/** Delays between failed pulls, by pod UID and image. Pure bookkeeping: no timer, no clock of its own. */
export interface PullBackOff {
  /** Undefined when a pull may be tried now; at `retryAtMs` exactly it may. */
  check(
    key: BackOffKey,
    nowMs: number,
  ): { readonly retryAtMs: number; readonly lastError: string; readonly credentials: string } | undefined;
  /** Records a failure and returns when to retry. */
  recordFailure(key: BackOffKey, failure: BackOffFailure): number;
  forgetPod(uid: string): void;
  /** Forgets what would begin anew anyway. */
  forgetExpired(nowMs: number): void;
  readonly size: number;
}

export interface BackOffKey {
  readonly uid: string;
  readonly image: string;
}

/**
 * Doubles from `initialMs` to `maxMs`. A key that had no failure for twice `maxMs` begins anew, as in client-go's flowcontrol.Backoff.
 * A wall clock that is set back prolongs a delay by at most that delay.
 */
export const createPullBackOff = (options: {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly maxEntries: number;
}): PullBackOff => {
  const entries = new Map<string, BackOffEntry & { readonly uid: string }>();
  const keyOf = ({ uid, image }: BackOffKey): string => `${uid}_${image}`;
  const isExpired = (entry: BackOffEntry, nowMs: number): boolean => nowMs - entry.updatedAtMs > 2 * options.maxMs;
  return {
    check: (key, nowMs) => {
      const entry = entries.get(keyOf(key));
      if (entry === undefined) return undefined;
      const retryAtMs = Math.min(entry.updatedAtMs, nowMs) + entry.delayMs;
      return nowMs < retryAtMs ? { retryAtMs, lastError: entry.lastError, credentials: entry.credentials } : undefined;
    },
    recordFailure: (key, { nowMs, lastError, credentials }) => {
      const id = keyOf(key);
      const previous = entries.get(id);
      const isFirst = previous === undefined || isExpired(previous, nowMs);
      const delayMs = isFirst ? Math.min(options.initialMs, options.maxMs) : Math.min(previous.delayMs * 2, options.maxMs);
      // Removed and set again, so that the order of the map is the order of the updates.
      entries.delete(id);
      entries.set(id, { uid: key.uid, delayMs, updatedAtMs: nowMs, lastError, credentials });
      const oldest = entries.keys().next().value;
      if (entries.size > options.maxEntries && oldest !== undefined) entries.delete(oldest);
      return nowMs + delayMs;
    },
    forgetPod: (uid) => {
      for (const [id, entry] of entries) if (entry.uid === uid) entries.delete(id);
    },
    forgetExpired: (nowMs) => {
      for (const [id, entry] of entries) if (isExpired(entry, nowMs)) entries.delete(id);
    },
    get size() {
      return entries.size;
    },
  };
};
