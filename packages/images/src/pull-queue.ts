/** Raised by `enter` when too many pulls wait already. */
export class PullQueueFullError extends Error {
  override readonly name = "PullQueueFullError";
}

/** Slots for pulls, given out in turn to the pods that wait, so that a pod with many images does not hold up the others. */
export interface PullQueue {
  /** Waits for a slot; disposing of the answer gives it back. Rejects with the signal's reason, or when the queue is full. */
  enter(owner: string, options: { readonly signal: AbortSignal }): Promise<Disposable>;
  readonly running: number;
  readonly waiting: number;
}

interface Waiter {
  readonly grant: () => void;
}

/** At most `limit` slots are out at once and at most `maxWaiting` callers wait. */
export const createPullQueue = ({ limit, maxWaiting }: { readonly limit: number; readonly maxWaiting: number }): PullQueue => {
  // The order of the keys is the order of the turns: an owner that got one goes to the end.
  const lines = new Map<string, Waiter[]>();
  let running = 0;
  let waiting = 0;

  const next = (): void => {
    const turn = lines.entries().next().value;
    if (running >= limit || turn === undefined) return;
    const [owner, line] = turn;
    const waiter = line.shift();
    lines.delete(owner);
    if (line.length > 0) lines.set(owner, line);
    waiter?.grant();
  };

  const takeSlot = (): Disposable => {
    running += 1;
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        running -= 1;
        next();
      },
    };
  };

  const leave = (owner: string, waiter: Waiter): void => {
    waiting -= 1;
    const line = lines.get(owner)?.filter((other) => other !== waiter) ?? [];
    if (line.length > 0) lines.set(owner, line);
    else lines.delete(owner);
  };

  const wait = (owner: string, signal: AbortSignal): Promise<Disposable> =>
    new Promise((resolve, reject) => {
      const abort = (): void => {
        leave(owner, waiter);
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        grant: () => {
          signal.removeEventListener("abort", abort);
          waiting -= 1;
          resolve(takeSlot());
        },
      };
      waiting += 1;
      lines.set(owner, [...(lines.get(owner) ?? []), waiter]);
      signal.addEventListener("abort", abort, { once: true });
    });

  return {
    enter: async (owner, { signal }) => {
      signal.throwIfAborted();
      if (running < limit) return takeSlot();
      if (waiting >= maxWaiting) throw new PullQueueFullError("image pull queue is full");
      return wait(owner, signal);
    },
    get running() {
      return running;
    },
    get waiting() {
      return waiting;
    },
  };
};
