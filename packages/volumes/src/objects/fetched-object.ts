import { createDelayQueue, raceSignal, withDeadline } from "@nk/stdx";
import { errorText, hasErrorCode, VolumesError } from "../errors.ts";
import { isSameVersion, notFound } from "./held-object.ts";
import type { AnyObject, HeldObject, HeldObjectParts } from "./held-object.ts";

/** How long what was fetched is good for. */
export interface FetchTimes {
  /** Milliseconds, asked each time; 0: fetched for every reader. */
  readonly ttlMs: () => number;
  /** How often an object that a volume shows is looked at when `ttlMs` does not say. */
  readonly recheckMs: number;
  readonly fetchTimeoutMs: number;
}

/**
 * One object that is fetched when it is asked for and kept for a while (cache_based_manager.go). When fetching fails, the last known state
 * holds. What a volume shows is looked at now and then, because nothing tells of changes.
 */
export const createFetchedObject = <T extends AnyObject>(parts: HeldObjectParts<T>, times: FetchTimes): HeldObject<T> => {
  const { kind, ref, source, clock, logger } = parts;
  const stopped = new AbortController();
  let known: { readonly object: T | undefined } | undefined;
  let freshUntilMs = 0;
  let fetching: Promise<void> | undefined;
  let isMounted = false;

  const learn = (object: T | undefined): void => {
    const before = known;
    known = { object };
    freshUntilMs = clock.nowMs() + times.ttlMs();
    if (before !== undefined && !isSameVersion(before.object, object)) parts.onChange();
  };
  const fetchOnce = async (): Promise<void> => {
    using deadline = withDeadline({ signal: stopped.signal, timeoutMs: times.fetchTimeoutMs, clock, what: `reading a ${kind}` });
    try {
      learn(await raceSignal(source.get(ref, { signal: deadline.signal }), deadline.signal));
    } catch (error) {
      if (hasErrorCode(error, "not-found")) return learn(undefined);
      if (known === undefined) throw new VolumesError("object-unavailable", errorText(error), { cause: error });
      if (stopped.signal.aborted) return;
      logger.warn("reading an object failed, the last known state holds", { kind, ...ref, error: errorText(error) });
    } finally {
      scheduleRecheck();
    }
  };
  const fetchShared = (): Promise<void> => {
    fetching ??= fetchOnce().finally(() => (fetching = undefined));
    return fetching;
  };
  const scheduleRecheck = (): void => {
    if (isMounted && !stopped.signal.aborted) recheck.schedule(kind, clock.nowMs() + (times.ttlMs() || times.recheckMs));
  };
  const recheck = createDelayQueue<string>({
    clock,
    onDue: () => {
      // Whoever asks next is told of a failure.
      fetchShared().catch(() => undefined);
    },
  });

  return {
    get: async ({ signal }) => {
      if (clock.nowMs() >= freshUntilMs || known === undefined) await raceSignal(fetchShared(), signal);
      if (known?.object === undefined) throw notFound(kind, ref);
      return known.object;
    },
    refresh: () => {
      freshUntilMs = 0;
    },
    setMounted: (mounted) => {
      isMounted = mounted;
      if (mounted) scheduleRecheck();
      else recheck.cancel(kind);
    },
    stop: () => {
      stopped.abort(new Error("no pod refers to the object"));
      recheck[Symbol.dispose]();
    },
  };
};
