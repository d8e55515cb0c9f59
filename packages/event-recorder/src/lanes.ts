/** Things to do that have an order within their lane and none between lanes; bounded as a whole. */
export interface Lanes<T> {
  /** False when `capacity` things are in it already. */
  offer(lane: string, item: T): boolean;
  /** The next thing of a lane nobody works on; undefined once closed and empty, or at once when `signal` aborts. Give it back with `done`. */
  take(signal: AbortSignal): Promise<Taken<T> | undefined>;
  /** Takes nothing more in; those who wait in `take` are sent home when nothing is left. */
  close(): void;
  /** Things that wait or are being worked on. */
  readonly size: number;
}

export interface Taken<T> {
  readonly item: T;
  /** The lane is free for its next thing. */
  done(): void;
}

interface Lane<T> {
  readonly key: string;
  readonly items: T[];
}

/** Empty and open. */
export const createLanes = <T>(capacity: number): Lanes<T> => {
  const lanes = new Map<string, Lane<T>>();
  const ready: Lane<T>[] = [];
  const waiting = new Set<() => void>();
  let size = 0;
  let isClosed = false;

  const wakeOne = (): void => {
    for (const wake of waiting) return wake();
  };
  const wakeAll = (): void => {
    for (const wake of Array.from(waiting)) wake();
  };
  const finish = (lane: Lane<T>): void => {
    size -= 1;
    if (lane.items.length > 0) {
      ready.push(lane);
      wakeOne();
    } else {
      lanes.delete(lane.key);
      if (isClosed && size === 0) wakeAll();
    }
  };
  const takeNow = (): Taken<T> | undefined => {
    const lane = ready.shift();
    const item = lane?.items.shift();
    return lane === undefined || item === undefined ? undefined : { item, done: () => finish(lane) };
  };
  const woken = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      waiting.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });

  return {
    offer(key, item) {
      if (isClosed || size >= capacity) return false;
      size += 1;
      const lane = lanes.get(key);
      if (lane !== undefined) {
        // Somebody works on this lane, or it is ready already: whoever finishes comes back for the rest.
        lane.items.push(item);
        return true;
      }
      const fresh: Lane<T> = { key, items: [item] };
      lanes.set(key, fresh);
      ready.push(fresh);
      wakeOne();
      return true;
    },
    async take(signal) {
      for (;;) {
        if (signal.aborted) return undefined;
        const taken = takeNow();
        if (taken !== undefined) return taken;
        if (isClosed && size === 0) return undefined;
        await woken(signal);
      }
    },
    close() {
      isClosed = true;
      if (size === 0) wakeAll();
    },
    get size() {
      return size;
    },
  };
};
