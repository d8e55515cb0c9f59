/** Reads that many ask for: per key at most one runs and one waits, and all who wait share it. */
export interface SharedReads<T> {
  /** The outcome of a read that starts after this call. */
  read(key: string): Promise<T>;
  /** Whether a read of the key runs or waits. */
  has(key: string): boolean;
}

interface Flight<T> {
  running: Promise<T>;
  queued: Promise<T> | undefined;
}

/** `readOne` is never called for a key while its last promise is pending; `onIdle` is called when nobody waits for the key any more. */
export const createSharedReads = <T>(readOne: (key: string) => Promise<T>, onIdle: (key: string) => void): SharedReads<T> => {
  const flights = new Map<string, Flight<T>>();

  const start = (key: string): Promise<T> => {
    const running = readOne(key).finally(() => {
      if (flights.get(key)?.queued !== undefined) return;
      flights.delete(key);
      onIdle(key);
    });
    flights.set(key, { running, queued: undefined });
    return running;
  };

  return {
    read(key) {
      const flight = flights.get(key);
      if (flight === undefined) return start(key);
      // The running read may have started before what the caller wants to see; only the next one is sure to show it.
      const startNext = (): Promise<T> => start(key);
      flight.queued ??= flight.running.then(startNext, startNext);
      return flight.queued;
    },
    has: (key) => flights.has(key),
  };
};
