import type { Clock } from "@nk/stdx";

/** A bounded cache whose entries expire; when it is full, the entry that was used longest ago goes. */
export interface ExpiringCache<T> {
  get(key: string): T | undefined;
  /** `ttlMs` 0 or less: not kept. */
  put(key: string, entry: { readonly value: T; readonly ttlMs: number }): void;
  readonly size: number;
}

/** Creates a cache of at most `capacity` entries. */
export const createExpiringCache = <T>(options: { readonly clock: Clock; readonly capacity: number }): ExpiringCache<T> => {
  const { clock, capacity } = options;
  // A Map keeps the order of insertion; an entry that is used goes to its end.
  const entries = new Map<string, { readonly value: T; readonly expiresMs: number }>();
  return {
    get: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (entry.expiresMs <= clock.monotonicMs()) return undefined;
      entries.set(key, entry);
      return entry.value;
    },
    put: (key, { value, ttlMs }) => {
      if (ttlMs <= 0) return;
      entries.delete(key);
      entries.set(key, { value, expiresMs: clock.monotonicMs() + ttlMs });
      const oldest = entries.size > capacity ? entries.keys().next().value : undefined;
      if (oldest !== undefined) entries.delete(oldest);
    },
    get size() {
      return entries.size;
    },
  };
};
