import { raceSignal, systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";

/** How many go into one run at most. */
const MAX_BATCH = 64;

/** How what waits is run. */
export interface BatchRuns<T> {
  /** Runs one by itself; what it rejects with is what its caller sees. `isRepeated`: after a run of several that failed, which may have done it. */
  readonly one: (item: T, isRepeated: boolean) => Promise<void>;
  /** Runs several at once. Rejects when not all of them are done. */
  readonly all: (items: readonly T[]) => Promise<void>;
}

/** How long a run keeps what comes after it waiting. */
export interface BatchOptions {
  /** Milliseconds after which the next run begins although one is still under way; default 2000. */
  readonly patienceMs?: number | undefined;
  /** Default: the system clock. */
  readonly clock?: Clock | undefined;
}

/** Adds an item; resolves when it is done. An abort takes it back while it waits; of one that is under way the end is waited for. */
export type AddToBatch<T> = (item: T, signal: AbortSignal | undefined) => Promise<void>;

interface Entry<T> {
  readonly item: T;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * One run at a time, unless one is slow: what is asked for meanwhile goes into the next run, together. The first one asked for waits for nobody. Starting
 * mount(8) costs 3 ms of CPU, more than half of it this process's own, and sixty pods that come at once each ask for a mount.
 */
export const createCommandBatch = <T>({ one, all }: BatchRuns<T>, options: BatchOptions = {}): AddToBatch<T> => {
  const { patienceMs = 2000, clock = systemClock } = options;
  const waiting = new Set<Entry<T>>();
  let isRunning = false;

  const runOne = async ({ item, done }: Entry<T>, isRepeated: boolean): Promise<void> => {
    try {
      await one(item, isRepeated);
      done.resolve();
    } catch (error) {
      done.reject(error);
    }
  };
  const runBatch = async (entries: readonly Entry<T>[]): Promise<void> => {
    const [first] = entries;
    if (entries.length === 1 && first !== undefined) return runOne(first, false);
    try {
      await all(entries.map(({ item }) => item));
    } catch {
      // Whose fault it was shows when each is tried alone.
      await Promise.all(entries.map((entry) => runOne(entry, true)));
      return;
    }
    for (const { done } of entries) done.resolve();
  };
  /** A safety net: a run may wait in the kernel for ever, where not even SIGKILL ends it, and it must not keep all that come later. */
  const untilOverOrSlow = async (run: Promise<void>): Promise<void> => {
    const slow = Promise.withResolvers<void>();
    using _patience = clock.schedule(patienceMs, slow.resolve);
    await Promise.race([run, slow.promise]);
  };
  const pump = async (): Promise<void> => {
    isRunning = true;
    while (waiting.size > 0) {
      const entries = [...waiting].slice(0, MAX_BATCH);
      for (const entry of entries) waiting.delete(entry);
      await untilOverOrSlow(runBatch(entries));
    }
    isRunning = false;
  };

  return async (item, signal) => {
    signal?.throwIfAborted();
    const entry: Entry<T> = { item, done: Promise.withResolvers() };
    waiting.add(entry);
    if (!isRunning) void pump();
    try {
      await raceSignal(entry.done.promise, signal);
    } catch (error) {
      // Nothing goes on behind the back of who gave up.
      if (!waiting.delete(entry)) await entry.done.promise.catch(() => undefined);
      throw error;
    }
  };
};
