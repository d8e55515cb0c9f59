import type { PodUid, RuntimePodStatus } from "@nk/pod-model";
import { createEmitter, noopMetrics, raceSignal, systemClock, withDeadline } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { PlegError } from "./errors.ts";
import { createPlegMetrics } from "./metrics.ts";
import type { PlegMetrics } from "./metrics.ts";
import { createEntries, HEALTHY } from "./pod-entries.ts";
import type { PodHealth, PodHealthListener, PodStatusListener } from "./pod-entries.ts";
import type { RuntimeView } from "./ports.ts";
import { createHolds } from "./holds.ts";
import { createWishes, readPod } from "./read-scope.ts";
import type { PodGrowth } from "./read-scope.ts";
import { createSharedReads } from "./shared-reads.ts";

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

/** Creates the cache; it reads nothing by itself. `[Symbol.dispose]` ends the reads that run. */
export const createPodStatusCache = (ports: { readonly runtime: RuntimeView }, options: PodStatusCacheOptions = {}): PodStatusCache => {
  const { statusTimeoutMs = 10_000, clock = systemClock, metrics = createPlegMetrics(noopMetrics) } = options;
  const entries = createEntries(clock);
  const settledPods = createEmitter<PodUid>();
  const closing = new AbortController();
  const wishes = createWishes();

  const read = async (uid: PodUid): Promise<RuntimePodStatus | undefined> => {
    closing.signal.throwIfAborted();
    const startedMs = clock.monotonicMs();
    // After a failed read nobody knows what came into being before it.
    const scope = wishes.take(uid, { isWhole: entries.health(uid) === HEALTHY, status: entries.get(uid) });
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
      entries.fail(uid, error);
      throw error;
    }
    metrics.podRelistDuration.observe((clock.monotonicMs() - startedMs) / 1000);
    entries.store(uid, status);
    return status;
  };

  const reads = createSharedReads(read, (uid) => {
    // Memory follows the runtime: a pod that it no longer has is forgotten as soon as nobody waits for it.
    entries.prune(uid);
    tellSettled(uid);
  });
  const holds = createHolds((uid) => tellSettled(uid));
  const isSettled = (uid: PodUid): boolean => !holds.isHeld(uid) && !reads.has(uid);
  const tellSettled = (uid: PodUid): void => {
    if (isSettled(uid)) settledPods.emit(uid);
  };

  return {
    get: (uid) => entries.get(uid),
    refresh: async (uid, { signal, growth } = {}) => {
      signal?.throwIfAborted();
      closing.signal.throwIfAborted();
      wishes.add(uid, growth);
      const reading = reads.read(uid);
      // A caller that left must not turn another's failed read into an unhandled rejection.
      reading.catch(() => undefined);
      return raceSignal(reading, signal);
    },
    hold: (uid) => holds.hold(uid),
    isSettled,
    subscribeSettled: (listener) => settledPods.subscribe(listener),
    health: (uid) => entries.health(uid),
    knownUids: () => entries.uids(),
    subscribe: (listener) => entries.changes.subscribe((change) => listener(...change)),
    subscribeHealth: (listener) => entries.healthChanges.subscribe((change) => listener(...change)),
    [Symbol.dispose]: () => closing.abort(new PlegError("closed", "read status of pods: the cache is closed")),
  };
};
