import { isDeepStrictEqual } from "node:util";
import type { PodUid, RuntimePodStatus } from "@nk/pod-model";
import { createEmitter, noopMetrics, raceSignal, systemClock, withDeadline } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { PlegError } from "./errors.ts";
import { createPlegMetrics } from "./metrics.ts";
import type { PlegMetrics } from "./metrics.ts";
import type { RuntimeView } from "./ports.ts";
import { createSharedReads } from "./shared-reads.ts";

/** Whether the runtime lets us read one pod. It says nothing about the other pods, nor about the node. */
export type PodHealth =
  | { readonly state: "healthy" }
  | {
      readonly state: "unhealthy";
      /** When the first of the failing reads failed, epoch ms. */
      readonly sinceMs: number;
      /** Of the newest failing read. */
      readonly error: PlegError;
      /** Reads that failed in a row, at least 1. */
      readonly failures: number;
    };

/** `status` is undefined when the runtime no longer has the pod; `previous` when it had nothing of it at the read before. */
export type PodStatusListener = (uid: PodUid, status: RuntimePodStatus | undefined, previous: RuntimePodStatus | undefined) => void;
export type PodHealthListener = (uid: PodUid, health: PodHealth) => void;

/** The last observed state of each pod. Its one writer is `refresh`. */
export interface PodStatusCache extends Disposable {
  /** What the last good read saw; undefined when the runtime had nothing of the pod, or it was never read. */
  get(uid: PodUid): RuntimePodStatus | undefined;
  /**
   * Reads the pod now, stores the answer and returns it. The read starts after the call, so that it sees everything the caller did
   * before; calls that come while a read runs share one more read. Rejects with `PlegError` when the read fails or takes longer than
   * `statusTimeoutMs`, and with the signal's reason; an aborted caller does not end a read that others may wait for.
   */
  refresh(uid: PodUid, options?: { readonly signal?: AbortSignal }): Promise<RuntimePodStatus | undefined>;
  health(uid: PodUid): PodHealth;
  /** Pods that have a status or are unhealthy. */
  knownUids(): readonly PodUid[];
  /** Called in the order of the reads, only when something differs from the read before. Listeners must not throw. */
  subscribe(listener: PodStatusListener): Disposable;
  /** Called at each failed read, and once when a pod is readable again. */
  subscribeHealth(listener: PodHealthListener): Disposable;
}

export interface PodStatusCacheOptions {
  /** How long one read of one pod may take before the pod is unhealthy. Default 10 000; sane 1 000 to 120 000 (the reference's CRI timeout). */
  readonly statusTimeoutMs?: number;
  readonly clock?: Clock;
  /** Default: none. */
  readonly metrics?: PlegMetrics;
}

interface Entry {
  status: RuntimePodStatus | undefined;
  health: PodHealth;
}

const HEALTHY: PodHealth = { state: "healthy" };

const isSameStatus = (a: RuntimePodStatus | undefined, b: RuntimePodStatus | undefined): boolean =>
  a === undefined || b === undefined ? a === b : isDeepStrictEqual({ ...a, observedAtMs: 0 }, { ...b, observedAtMs: 0 });

/** One read: a list filtered to the pod, because containers may have been added, then the status of what it has. */
const readPod = async (runtime: RuntimeView, uid: PodUid, signal: AbortSignal): Promise<RuntimePodStatus | undefined> => {
  const listed = (await runtime.listPods({ signal, uid })).find((pod) => pod.uid === uid);
  if (listed === undefined) return undefined;
  return runtime.getPodStatus(
    {
      uid,
      name: listed.name,
      namespace: listed.namespace,
      sandboxIds: listed.sandboxes.map((sandbox) => sandbox.id),
      containerIds: listed.containers.map((container) => container.id),
    },
    { signal },
  );
};

/** Creates the cache; it reads nothing by itself. `[Symbol.dispose]` ends the reads that run. */
export const createPodStatusCache = (ports: { readonly runtime: RuntimeView }, options: PodStatusCacheOptions = {}): PodStatusCache => {
  const { statusTimeoutMs = 10_000, clock = systemClock, metrics = createPlegMetrics(noopMetrics) } = options;
  const entries = new Map<PodUid, Entry>();
  const changes = createEmitter<Parameters<PodStatusListener>>();
  const healthChanges = createEmitter<Parameters<PodHealthListener>>();
  const closing = new AbortController();

  const entryOf = (uid: PodUid): Entry => {
    const known = entries.get(uid);
    if (known !== undefined) return known;
    const entry: Entry = { status: undefined, health: HEALTHY };
    entries.set(uid, entry);
    return entry;
  };

  const store = (uid: PodUid, entry: Entry, status: RuntimePodStatus | undefined): void => {
    const previous = entry.status;
    entry.status = status;
    if (entry.health !== HEALTHY) {
      entry.health = HEALTHY;
      healthChanges.emit([uid, HEALTHY]);
    }
    if (!isSameStatus(previous, status)) changes.emit([uid, status, previous]);
  };

  const fail = (uid: PodUid, entry: Entry, error: PlegError): void => {
    const before = entry.health;
    entry.health =
      before.state === "unhealthy"
        ? { ...before, error, failures: before.failures + 1 }
        : { state: "unhealthy", sinceMs: clock.nowMs(), error, failures: 1 };
    healthChanges.emit([uid, entry.health]);
  };

  const read = async (uid: PodUid): Promise<RuntimePodStatus | undefined> => {
    const entry = entryOf(uid);
    closing.signal.throwIfAborted();
    const startedMs = clock.monotonicMs();
    using deadline = withDeadline({ signal: closing.signal, timeoutMs: statusTimeoutMs, clock, what: `reading pod ${uid}` });
    let status: RuntimePodStatus | undefined;
    try {
      // Raced, because the deadline must hold even if the runtime's side never answers the cancellation.
      status = await raceSignal(readPod(ports.runtime, uid, deadline.signal), deadline.signal);
    } catch (cause) {
      closing.signal.throwIfAborted();
      const error = deadline.signal.aborted
        ? new PlegError("status-timeout", `read status of pod ${uid}: no answer in ${statusTimeoutMs} ms`, { cause, details: { uid } })
        : new PlegError("status-read-failed", `read status of pod ${uid} failed`, { cause, details: { uid } });
      fail(uid, entry, error);
      throw error;
    }
    metrics.podRelistDuration.observe((clock.monotonicMs() - startedMs) / 1000);
    store(uid, entry, status);
    return status;
  };

  const reads = createSharedReads(read, (uid) => {
    // Memory follows the runtime: a pod that it no longer has is forgotten as soon as nobody waits for it.
    const entry = entries.get(uid);
    if (entry?.status === undefined && entry?.health === HEALTHY) entries.delete(uid);
  });

  return {
    get: (uid) => entries.get(uid)?.status,
    refresh: async (uid, { signal } = {}) => {
      signal?.throwIfAborted();
      closing.signal.throwIfAborted();
      const reading = reads.read(uid);
      // A caller that left must not turn another's failed read into an unhandled rejection.
      reading.catch(() => undefined);
      return raceSignal(reading, signal);
    },
    health: (uid) => entries.get(uid)?.health ?? HEALTHY,
    knownUids: () => [...entries].filter(([, entry]) => entry.status !== undefined || entry.health !== HEALTHY).map(([uid]) => uid),
    subscribe: (listener) => changes.subscribe((change) => listener(...change)),
    subscribeHealth: (listener) => healthChanges.subscribe((change) => listener(...change)),
    [Symbol.dispose]: () => closing.abort(new PlegError("closed", "read status of pods: the cache is closed")),
  };
};
