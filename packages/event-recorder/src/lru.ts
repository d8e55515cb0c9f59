/** A map that forgets what was not used for longest. */
export interface Lru<V> {
  /** Counts as a use. */
  get(key: string): V | undefined;
  /** Counts as a use; forgets the oldest when full. */
  set(key: string, value: V): void;
  readonly size: number;
}

/** An empty one with room for `capacity` entries. */
export const createLru = <V>(capacity: number): Lru<V> => {
  // A Map keeps the order of insertion: an entry is put in anew at each use, so the first one is the oldest.
  const entries = new Map<string, V>();
  return {
    get(key) {
      const value = entries.get(key);
      if (value === undefined) return undefined;
      entries.delete(key);
      entries.set(key, value);
      return value;
    },
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size <= capacity) return;
      for (const oldest of entries.keys()) {
        entries.delete(oldest);
        return;
      }
    },
    get size() {
      return entries.size;
    },
  };
};
