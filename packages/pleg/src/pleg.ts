import type { PodUid } from "@nk/pod-model";
import { computeBackoffMs, createDelayQueue, runTaskGroup } from "@nk/stdx";
import { createDirtyPods } from "./dirty-pods.ts";
import type { DirtyPods } from "./dirty-pods.ts";
import { isAboutKnown, isObserved } from "./hint.ts";
import { computeLifecycleEvents } from "./lifecycle.ts";
import type { PlegOptions } from "./options.ts";
import { createParkedEvents } from "./parked-events.ts";
import type { PodEvent } from "./parked-events.ts";
import type { RuntimeEvent, RuntimeView } from "./ports.ts";
import { hintUnreadable, runRelistLoop, settingsOf } from "./relist.ts";
import type { Settings } from "./relist.ts";
import { countRunning } from "./running-counts.ts";
import { createRuntimeHealth } from "./runtime-health.ts";
import type { RuntimeHealth } from "./runtime-health.ts";
import type { PodStatusCache } from "./status-cache.ts";
import { createWakeup } from "./wakeup.ts";
import { runWatchLoop } from "./watch-loop.ts";

/** Observes the runtime, keeps the status cache true and tells what happened. */
export interface Pleg {
  /** Lists and watches until the signal aborts; resolves when its reads have ended. Runs once. */
  run(signal: AbortSignal): Promise<void>;
  /** Asks for a list soon; many askings before it starts are one. */
  requestRelist(): void;
  /** Asks for a read of one pod; never waits and never fails. Does nothing before `run`. */
  hint(uid: PodUid): void;
  /** Whether the runtime as a whole answers. A wedged pod does not count. */
  readonly health: RuntimeHealth;
}

export interface PlegPorts {
  readonly runtime: RuntimeView;
  /** Made by `createPodStatusCache` over the same runtime. */
  readonly cache: PodStatusCache;
}

/** What happens to one pod while it is being changed is little. */
const MAX_PARKED_EVENTS = 32;

/** Finds the pod of an event that does not name it, from what was observed. */
const findUid = (cache: PodStatusCache, event: PodEvent): PodUid | undefined =>
  event.uid ??
  cache.knownUids().find((uid) => {
    const status = cache.get(uid);
    const hasContainer = status?.containers.some(({ id }) => id === event.containerId) ?? false;
    return hasContainer || (status?.sandboxes.some(({ id }) => id === event.sandboxId) ?? false);
  });

/** Reads an unreadable pod again after a growing wait. */
const retryUnhealthy = (cache: PodStatusCache, settings: Settings, hint: (uid: PodUid) => void): Disposable => {
  const { clock, logger, random, unhealthyBackoffMs } = settings;
  const retries = createDelayQueue<PodUid>({ clock, onDue: hint });
  const subscription = cache.subscribeHealth((uid, health) => {
    if (health.state === "healthy") {
      retries.cancel(uid);
      logger.info("pod is readable again", { podUid: uid });
      return;
    }
    if (health.failures === 1) logger.warn("pod is not readable", { podUid: uid, error: health.error });
    const { initial, max } = unhealthyBackoffMs;
    const delayMs = computeBackoffMs({ attempt: health.failures - 1, initialMs: initial, maxMs: max, jitter: 0.2, random });
    retries.schedule(uid, clock.nowMs() + delayMs);
  });
  return {
    [Symbol.dispose]() {
      subscription[Symbol.dispose]();
      retries[Symbol.dispose]();
    },
  };
};

/** Creates a PLEG. Events are hints, the list is the truth; both only say which pods to read. */
export const createPleg = (ports: PlegPorts, options: PlegOptions = {}): Pleg => {
  const { cache } = ports;
  const settings = settingsOf(options);
  const { clock, random, logger, metrics } = settings;
  const health = createRuntimeHealth({ clock, relistThresholdMs: options.relistThresholdMs ?? 180_000 });
  const wakeup = createWakeup(clock);
  let dirty: DirtyPods | undefined;
  // Of pods that wait to be read: where it is not enough to look at what is known again.
  const needsList = new Set<PodUid>();

  const markDirty = (uid: PodUid): void => {
    if (dirty === undefined || dirty.add(uid)) return;
    needsList.delete(uid);
    metrics.discardEvents.inc();
    wakeup.wake();
  };
  const hint = (uid: PodUid): void => {
    if (dirty === undefined) return;
    needsList.add(uid);
    markDirty(uid);
  };
  const consider = (uid: PodUid, event: PodEvent): void => {
    const status = cache.get(uid);
    if (isObserved(status, event)) return;
    if (isAboutKnown(status, event)) markDirty(uid);
    else hint(uid);
  };
  const parked = createParkedEvents({
    clock,
    patienceMs: options.eventPatienceMs ?? 500,
    maxPerPod: MAX_PARKED_EVENTS,
    onReleased: (uid, events) => {
      for (const event of events) consider(uid, event);
    },
    onImpatient: hint,
  });
  const onItem = (item: RuntimeEvent): void => {
    if (item.type === "gap") {
      // The stream opened anew without its end having been seen here: an outage that fell between two lists shows in nothing else.
      hintUnreadable(cache, hint);
      return wakeup.wake();
    }
    const uid = findUid(cache, item);
    if (uid === undefined) return wakeup.wake();
    // While the pod is being changed or read, the end of that most likely shows what the event tells.
    if (cache.isSettled(uid)) consider(uid, item);
    else parked.add(uid, item);
  };
  const onStanding = (isStanding: boolean): void => {
    health.switched(isStanding ? "evented" : "generic");
    // Whatever happened before the stream stood, or while it broke, came without an event.
    wakeup.wake();
  };
  const watch = async (signal: AbortSignal): Promise<void> => {
    const watchEvents = ports.runtime.watchEvents?.bind(ports.runtime);
    if (watchEvents === undefined) return;
    const backoffMs = { initial: 250, max: 30_000, ...options.watchBackoffMs };
    const settleMs = options.watchSettleMs ?? Number.POSITIVE_INFINITY;
    await runWatchLoop(watchEvents, signal, { clock, random, logger, metrics, backoffMs, settleMs, onItem, onStanding });
  };
  const readPod = async (uid: PodUid, signal: AbortSignal): Promise<void> => {
    const known = needsList.delete(uid) ? undefined : cache.get(uid);
    const growth = known === undefined ? {} : { growth: { name: known.name, namespace: known.namespace } };
    // A failed read is in the pod's health, which has it read again.
    await cache.refresh(uid, { signal, ...growth }).catch(() => undefined);
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    const pods = createDirtyPods({
      clock,
      signal,
      concurrency: options.concurrency ?? 8,
      slowReadMs: options.slowReadMs ?? 500,
      maxDirtyPods: options.maxDirtyPods ?? 1_000,
      read: readPod,
    });
    using _changes = cache.subscribe((_uid, status, previous) => {
      countRunning(metrics, { previous, next: status });
      for (const event of computeLifecycleEvents(previous, status)) options.onEvent?.(event);
    });
    // A read that runs when its pod's retry falls due is that retry.
    using _retries = retryUnhealthy(cache, settings, (uid) => (pods.isReading(uid) ? undefined : hint(uid)));
    using _settled = cache.subscribeSettled((uid) => parked.release(uid));
    dirty = pods;
    try {
      await runTaskGroup(signal, {
        relist: (taskSignal) => runRelistLoop(taskSignal, { ports, settings, health, wakeup, hint }),
        watch,
      });
    } finally {
      dirty = undefined;
      parked[Symbol.dispose]();
      needsList.clear();
      await pods.onIdle();
    }
  };

  return { run, requestRelist: () => wakeup.wake(), hint, health: health.view };
};
