import { systemClock } from "@nk/stdx";
import type { ApiClient } from "@nk/tool-lab";

/** What every object of the API has. */
export interface WatchedObject {
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly uid?: string; readonly resourceVersion?: string };
}

/** A collection of the API as it changes, with every version that was seen. */
export interface ApiWatch<T extends WatchedObject> {
  /** What is there now. */
  list(): readonly T[];
  /** By name, in the namespace `default` or in none. */
  get(name: string, namespace?: string): T | undefined;
  /** Waits until the object with this UID has been seen once. */
  untilSeen(uid: string): Promise<unknown>;
  /** Every version that was seen of the object with this UID, in order. */
  versions(uid: string): readonly T[];
  /** Every version of anything that was seen, in order. */
  readonly all: readonly T[];
  /** Waits until `accept` gives an answer; asked at every change. @throws Error naming what was waited for */
  until<V>(what: () => string, accept: () => V | undefined | false, timeoutMs?: number): Promise<V>;
  close(): void;
}

interface Waiter {
  check(): void;
}

const RETRY_MS = 100;
const DEFAULT_TIMEOUT_MS = 30_000;

const keyOf = (object: WatchedObject): string => `${object.metadata?.namespace ?? ""}/${object.metadata?.name ?? ""}`;

/** Lists and watches until it is closed; an API that goes away is asked again and again. */
export const watchApi = <T extends WatchedObject>(api: ApiClient, path: string): ApiWatch<T> => {
  const closing = new AbortController();
  const { signal } = closing;
  const current = new Map<string, T>();
  const all: T[] = [];
  const waiters = new Set<Waiter>();
  const seen = new Set<string>();
  const seenUids = new Set<string>();
  const see = (object: T): void => {
    const version = `${object.metadata?.uid} ${object.metadata?.resourceVersion}`;
    if (seen.has(version)) return;
    seen.add(version);
    seenUids.add(object.metadata?.uid ?? "");
    all.push(object);
  };
  const changed = (): void => {
    for (const waiter of waiters) waiter.check();
  };
  const listOnce = async (): Promise<string> => {
    const answer = await api.json(path, { signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]) });
    current.clear();
    for (const item of (answer.items ?? []) as readonly unknown[] as readonly T[]) {
      current.set(keyOf(item), item);
      see(item);
    }
    changed();
    return answer.metadata?.resourceVersion ?? "0";
  };
  const follow = async (): Promise<void> => {
    const resourceVersion = await listOnce();
    for await (const { type, object } of api.watch(path, { resourceVersion, signal })) {
      if (type === "ERROR") return;
      const item: T = object as unknown as T;
      if (type === "DELETED") current.delete(keyOf(item));
      else current.set(keyOf(item), item);
      see(item);
      changed();
    }
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      // Whatever went wrong, the next list tells all.
      await follow().catch(() => undefined);
      await systemClock.sleep(RETRY_MS, { signal }).catch(() => undefined);
    }
  };
  void run();
  const until: ApiWatch<T>["until"] = (what, accept, timeoutMs = DEFAULT_TIMEOUT_MS) => {
    const { promise, resolve, reject } = Promise.withResolvers<never>();
    const waiter: Waiter = {
      check: () => {
        try {
          const answer = accept();
          if (answer !== undefined && answer !== false) resolve(answer as never);
        } catch (error) {
          reject(error as Error);
        }
      },
    };
    const patience = new AbortController();
    systemClock.sleep(timeoutMs, { signal: AbortSignal.any([patience.signal, signal]) }).then(
      () => reject(new Error(`waited ${timeoutMs} ms in vain for ${what()}`)),
      () => (signal.aborted ? reject(new Error(`the watch was closed while a test waited for ${what()}`)) : undefined),
    );
    waiters.add(waiter);
    waiter.check();
    return promise.finally(() => {
      waiters.delete(waiter);
      patience.abort();
    });
  };
  return {
    list: () => [...current.values()],
    get: (name, namespace = "default") => current.get(`${namespace}/${name}`) ?? current.get(`/${name}`),
    versions: (uid) => all.filter(({ metadata }) => metadata?.uid === uid),
    all,
    untilSeen: (uid) =>
      until(
        () => `the object ${uid} to be seen`,
        () => seenUids.has(uid),
      ),
    until,
    close: () => closing.abort(),
  };
};
