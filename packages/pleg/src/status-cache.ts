import { isDeepStrictEqual } from "node:util";
import type { PodUid, RuntimePodStatus } from "@nk/pod-model";
import { createEmitter, noopMetrics, raceSignal, systemClock, withDeadline } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { PlegError } from "./errors.ts";
import { createPlegMetrics } from "./metrics.ts";
import type { PlegMetrics } from "./metrics.ts";
import type { PodStatusRequest, RuntimeView } from "./ports.ts";
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

/**
 * What came into being in a pod since its last good read, told by a caller who is sure that nothing else did because everything in the
 * pod is made by itself: then the runtime is asked for the state of what is known, and not for a list.
 */
export interface PodGrowth {
  readonly name: string;
  readonly namespace: string;
  readonly sandboxId?: string;
  readonly containerId?: string;
}

/** The last observed state of each pod. Its one writer is `refresh`. */
export interface PodStatusCache extends Disposable {
  /** What the last good read saw; undefined when the runtime had nothing of the pod, or it was never read. */
  get(uid: PodUid): RuntimePodStatus | undefined;
  /**
   * Reads the pod now, stores the answer and returns it. The read starts after the call, so that it sees everything the caller did
   * before; calls that come while a read runs share one more read. Rejects with `PlegError` when the read fails or takes longer than
   * `statusTimeoutMs`, and with the signal's reason; an aborted caller does not end a read that others may wait for. Without `growth`,
   * and always after a failed read, the runtime lists what the pod has.
   */
  refresh(uid: PodUid, options?: { readonly signal?: AbortSignal; readonly growth?: PodGrowth }): Promise<RuntimePodStatus | undefined>;
  /**
   * Until it is disposed, the caller changes the pod itself; it refreshes it before that. What the runtime says of the pod meanwhile is
   * most likely about those changes. Holds may be nested.
   */
  hold(uid: PodUid): Disposable;
  /** Whether neither a hold nor a read of the pod is under way: only then does what is missing in its status say that it is gone. */
  isSettled(uid: PodUid): boolean;
  /** Called when a pod becomes settled. Listeners must not throw. */
  subscribeSettled(listener: (uid: PodUid) => void): Disposable;
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

/** What the next read of a pod is asked for by those who wait for it; a list as soon as one of them needs one. */
interface Wish {
  needsList: boolean;
  readonly growths: PodGrowth[];
}

const HEALTHY: PodHealth = { state: "healthy" };

const isSameStatus = (a: RuntimePodStatus | undefined, b: RuntimePodStatus | undefined): boolean =>
  a === undefined || b === undefined ? a === b : isDeepStrictEqual({ ...a, observedAtMs: 0 }, { ...b, observedAtMs: 0 });

/** What a read asks for: the pod's objects as known, or undefined: whatever the runtime lists. */
type ReadScope = PodStatusRequest | undefined;

const listPod = async (runtime: RuntimeView, uid: PodUid, signal: AbortSignal): Promise<PodStatusRequest | undefined> => {
  const listed = (await runtime.listPods({ signal, uid })).find((pod) => pod.uid === uid);
  if (listed === undefined) return undefined;
  return {
    uid,
    name: listed.name,
    namespace: listed.namespace,
    sandboxIds: listed.sandboxes.map((sandbox) => sandbox.id),
    containerIds: listed.containers.map((container) => container.id),
  };
};

/** One read: a list filtered to the pod, unless it is known what the pod has, then the status of that. */
const readPod = async (
  runtime: RuntimeView,
  uid: PodUid,
  options: { readonly scope: ReadScope; readonly signal: AbortSignal },
): Promise<RuntimePodStatus | undefined> => {
  const { scope, signal } = options;
  const request = scope ?? (await listPod(runtime, uid, signal));
  if (request === undefined) return undefined;
  const status = await runtime.getPodStatus(request, { signal });
  // Everything that was known has vanished.
  return scope !== undefined && status.sandboxes.length === 0 && status.containers.length === 0 ? undefined : status;
};

/** Ids newest first, each once. */
const joinIds = (newIds: readonly string[], known: readonly string[]): readonly string[] => [...new Set([...newIds, ...known])];

const computeScope = (uid: PodUid, status: RuntimePodStatus | undefined, growths: readonly PodGrowth[]): ReadScope => {
  const [first] = growths;
  if (first === undefined) return undefined;
  const newest = growths.toReversed();
  const sandboxIds = joinIds(
    newest.flatMap(({ sandboxId }) => sandboxId ?? []),
    status?.sandboxes.map(({ id }) => id) ?? [],
  );
  const containerIds = joinIds(
    newest.flatMap(({ containerId }) => containerId ?? []),
    status?.containers.map(({ id }) => id) ?? [],
  );
  // Nothing known and nothing new: only a list can tell.
  return sandboxIds.length + containerIds.length === 0
    ? undefined
    : { uid, name: first.name, namespace: first.namespace, sandboxIds, containerIds };
};

/** Creates the cache; it reads nothing by itself. `[Symbol.dispose]` ends the reads that run. */
export const createPodStatusCache = (ports: { readonly runtime: RuntimeView }, options: PodStatusCacheOptions = {}): PodStatusCache => {
  const { statusTimeoutMs = 10_000, clock = systemClock, metrics = createPlegMetrics(noopMetrics) } = options;
  const entries = new Map<PodUid, Entry>();
  const changes = createEmitter<Parameters<PodStatusListener>>();
  const healthChanges = createEmitter<Parameters<PodHealthListener>>();
  const settledPods = createEmitter<PodUid>();
  const closing = new AbortController();
  const wishes = new Map<PodUid, Wish>();
  const holds = new Map<PodUid, number>();

  const wish = (uid: PodUid, growth: PodGrowth | undefined): void => {
    const wanted = wishes.get(uid) ?? { needsList: false, growths: [] };
    wishes.set(uid, wanted);
    if (growth === undefined) wanted.needsList = true;
    else wanted.growths.push(growth);
  };

  /** After a failed read nobody knows what came into being before it. */
  const takeScope = (uid: PodUid, entry: Entry): ReadScope => {
    const wanted = wishes.get(uid);
    wishes.delete(uid);
    if (wanted === undefined || wanted.needsList || entry.health !== HEALTHY) return undefined;
    return computeScope(uid, entry.status, wanted.growths);
  };

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
    const scope = takeScope(uid, entry);
    using deadline = withDeadline({ signal: closing.signal, timeoutMs: statusTimeoutMs, clock, what: `reading pod ${uid}` });
    let status: RuntimePodStatus | undefined;
    try {
      // Raced, because the deadline must hold even if the runtime's side never answers the cancellation.
      status = await raceSignal(readPod(ports.runtime, uid, { scope, signal: deadline.signal }), deadline.signal);
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
    tellSettled(uid);
  });
  const isSettled = (uid: PodUid): boolean => !holds.has(uid) && !reads.has(uid);
  const tellSettled = (uid: PodUid): void => {
    if (isSettled(uid)) settledPods.emit(uid);
  };

  return {
    get: (uid) => entries.get(uid)?.status,
    refresh: async (uid, { signal, growth } = {}) => {
      signal?.throwIfAborted();
      closing.signal.throwIfAborted();
      wish(uid, growth);
      const reading = reads.read(uid);
      // A caller that left must not turn another's failed read into an unhandled rejection.
      reading.catch(() => undefined);
      return raceSignal(reading, signal);
    },
    hold: (uid) => {
      holds.set(uid, (holds.get(uid) ?? 0) + 1);
      let isHeld = true;
      return {
        [Symbol.dispose]: () => {
          if (!isHeld) return;
          isHeld = false;
          const left = (holds.get(uid) ?? 1) - 1;
          if (left > 0) holds.set(uid, left);
          else holds.delete(uid);
          tellSettled(uid);
        },
      };
    },
    isSettled,
    subscribeSettled: (listener) => settledPods.subscribe(listener),
    health: (uid) => entries.get(uid)?.health ?? HEALTHY,
    knownUids: () => [...entries].filter(([, entry]) => entry.status !== undefined || entry.health !== HEALTHY).map(([uid]) => uid),
    subscribe: (listener) => changes.subscribe((change) => listener(...change)),
    subscribeHealth: (listener) => healthChanges.subscribe((change) => listener(...change)),
    [Symbol.dispose]: () => closing.abort(new PlegError("closed", "read status of pods: the cache is closed")),
  };
};
