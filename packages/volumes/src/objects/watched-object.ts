import { computeBackoffMs, createDelayQueue, raceSignal, withDeadline } from "@nk/stdx";
import { errorText, VolumesError } from "../errors.ts";
import { isSameVersion, notFound } from "./held-object.ts";
import type { AnyObject, HeldObject, HeldObjectParts, ObjectEvent } from "./held-object.ts";

/** When watches wait and end. */
export interface WatchTimes {
  readonly syncTimeoutMs: number;
  readonly idleMs: number;
  readonly retryInitialMs: number;
  readonly retryMaxMs: number;
}

type Knowledge = "nothing" | "stale" | "synced" | "final";

/** What is known of one object: nothing, what an earlier watch said, what the API server has now, or what it will have for ever. */
class KnownObject<T extends AnyObject> {
  state: Knowledge = "nothing";
  object: T | undefined;
  /** Somebody was told that nothing is known. */
  #isOwed = false;
  #waiting: PromiseWithResolvers<void> | undefined;
  readonly #parts: HeldObjectParts<T>;

  constructor(parts: HeldObjectParts<T>) {
    this.#parts = parts;
  }

  learn(object: T | undefined): void {
    // A first answer is news only to those who have given up waiting for it.
    const isNews = this.state === "nothing" ? this.#isOwed : !isSameVersion(this.object, object);
    this.state = object?.immutable === true ? "final" : "synced";
    this.object = object;
    this.#isOwed = false;
    this.#waiting?.resolve();
    this.#waiting = undefined;
    if (isNews) this.#parts.onChange();
  }

  /** Resolves when something current is known, or when it takes too long and something older is. */
  async awaitSync(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { kind, clock } = this.#parts;
    using deadline = withDeadline({ signal, timeoutMs, clock });
    while (this.state === "nothing" || this.state === "stale") {
      this.#waiting ??= Promise.withResolvers<void>();
      try {
        await raceSignal(this.#waiting.promise, deadline.signal);
      } catch (error) {
        signal?.throwIfAborted();
        this.#isOwed = true;
        if (this.state === "stale") return;
        const text = `failed to sync ${kind.toLowerCase()} cache: timed out waiting for the condition`;
        throw new VolumesError("object-unavailable", text, { cause: error });
      }
    }
  }
}

/** Watches until the signal aborts, again and again, and hands over what the object is. */
const followObject = async <T extends AnyObject>(
  parts: HeldObjectParts<T>,
  options: { readonly times: WatchTimes; readonly signal: AbortSignal; readonly learn: (object: T | undefined) => void },
): Promise<void> => {
  const { kind, ref, source, clock, random, logger } = parts;
  const { times, signal, learn } = options;
  const apply = (event: ObjectEvent<T>): void => {
    if (event.type === "synced") learn(event.items.find(({ metadata }) => metadata?.name === ref.name));
    else if (event.object.metadata?.name === ref.name) learn(event.type === "deleted" ? undefined : event.object);
  };
  for (let attempt = 0; ; attempt += 1) {
    try {
      for await (const event of source.watch(ref, { signal })) {
        if (signal.aborted) return;
        attempt = 0;
        apply(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      logger.warn("watching an object failed", { kind, ...ref, error: errorText(error) });
    }
    const { retryInitialMs: initialMs, retryMaxMs: maxMs } = times;
    try {
      await clock.sleep(computeBackoffMs({ attempt, initialMs, maxMs, jitter: 0.5, random }), { signal });
    } catch {
      // Only an abort ends a sleep early.
      return;
    }
  }
};

/**
 * One object and the watch that follows it (watch_based_manager.go). The watch runs while the object is mounted or was asked for lately, and
 * ends for good when the object is immutable. While the API server cannot be reached the last known state holds.
 */
export const createWatchedObject = <T extends AnyObject>(parts: HeldObjectParts<T>, times: WatchTimes): HeldObject<T> => {
  const { kind, ref, clock } = parts;
  const known = new KnownObject<T>(parts);
  let watch: AbortController | undefined;
  let isMounted = false;
  let usedAtMs = clock.nowMs();

  const endWatch = (why: string): void => {
    watch?.abort(new Error(why));
    watch = undefined;
    idle.cancel(kind);
  };
  const learn = (object: T | undefined): void => {
    known.learn(object);
    if (known.state === "final") endWatch("the object is immutable");
  };
  // One key: the time at which nobody has asked for so long that the watch is not worth its stream.
  const idle = createDelayQueue<string>({
    clock,
    onDue: () => {
      if (isMounted || watch === undefined) return;
      const isUsed = clock.nowMs() - usedAtMs < times.idleMs;
      // A list that is under way on an overloaded server is not thrown away.
      if (isUsed || known.state !== "synced") return idle.schedule(kind, (isUsed ? usedAtMs : clock.nowMs()) + times.idleMs);
      known.state = "stale";
      endWatch("nobody has asked for the object for long");
    },
  });
  const use = (): void => {
    usedAtMs = clock.nowMs();
    if (known.state === "final") return;
    if (!isMounted) idle.schedule(kind, usedAtMs + times.idleMs);
    if (watch !== undefined) return;
    watch = new AbortController();
    void followObject(parts, { times, signal: watch.signal, learn });
  };

  return {
    get: async ({ signal }) => {
      use();
      await known.awaitSync(times.syncTimeoutMs, signal);
      if (known.object === undefined) throw notFound(kind, ref);
      return known.object;
    },
    refresh: use,
    setMounted: (mounted) => {
      isMounted = mounted;
      if (mounted) idle.cancel(kind);
      else if (watch !== undefined) idle.schedule(kind, usedAtMs + times.idleMs);
    },
    stop: () => {
      endWatch("no pod refers to the object");
      idle[Symbol.dispose]();
    },
  };
};
