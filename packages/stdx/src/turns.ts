import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import { createSemaphore } from "./semaphore.ts";

/** How many go on at once, and for how long one counts. */
export interface TurnsOptions {
  /** Those that go on at once; the rest wait in the order they came. At least 1, `Infinity` allowed. */
  readonly limit: number;
  /** Milliseconds after which one that still goes on does not count any more. */
  readonly patienceMs: number;
  /** Those that may wait; default 10,000, beyond it "queue-full". */
  readonly maxWaiting?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** Lets things that are heavy at their beginning, or that may hang, go on a few at a time. */
export interface Turns {
  /** A turn, at once if there is one; dispose it at the end. Rejects with the signal's reason. */
  take(signal?: AbortSignal): Disposable | Promise<Disposable>;
}

/** A semaphore whose permits come back by themselves: one that hangs keeps nobody waiting for longer than `patienceMs`. */
export const createTurns = ({ limit, patienceMs, maxWaiting, clock = systemClock }: TurnsOptions): Turns => {
  const semaphore = createSemaphore(limit, { maxWaiting });
  const begin = (permit: Disposable): Disposable => {
    // A safety net: whoever hangs must not keep the others from theirs.
    const timer = clock.schedule(patienceMs, () => permit[Symbol.dispose]());
    return {
      [Symbol.dispose]: () => {
        timer[Symbol.dispose]();
        permit[Symbol.dispose]();
      },
    };
  };
  return {
    take: (signal) => {
      const permit = semaphore.tryAcquire();
      return permit === undefined ? semaphore.acquire({ signal }).then(begin) : begin(permit);
    },
  };
};
