import { StdxError } from "./errors.ts";
import { createWaitLine } from "./wait-line.ts";

/** At most `limit` holders at a time, served in the order of asking. */
export interface Semaphore {
  /** Waits for a permit; dispose it to give it back. Rejects with `signal.reason` on abort. */
  acquire(options?: { readonly signal?: AbortSignal | undefined }): Promise<Disposable>;
  /** A permit if one is free, at once. */
  tryAcquire(): Disposable | undefined;
  /** How many wait now. */
  readonly waiting: number;
}

/** A semaphore with `limit` permits (at least 1, `Infinity` allowed). At most `maxWaiting` (default 10,000) may wait. */
export const createSemaphore = (limit: number, options?: { readonly maxWaiting?: number | undefined }): Semaphore => {
  if (!(limit >= 1)) throw new StdxError("invalid-argument", `cannot create a semaphore with ${limit} permits`);
  const line = createWaitLine<Disposable>({ maxWaiting: options?.maxWaiting ?? 10_000, what: "the semaphore" });
  let held = 0;

  const createPermit = (): Disposable => {
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        // The permit passes from hand to hand: `held` falls only when nobody waits.
        const next = line.takeNext();
        if (next === undefined) held -= 1;
        else next.admit(createPermit());
      },
    };
  };

  const tryAcquire = (): Disposable | undefined => {
    if (held >= limit) return undefined;
    held += 1;
    return createPermit();
  };

  return {
    tryAcquire,
    async acquire(acquireOptions) {
      acquireOptions?.signal?.throwIfAborted();
      return tryAcquire() ?? (await line.wait(acquireOptions?.signal, undefined));
    },
    get waiting() {
      return line.size;
    },
  };
};
