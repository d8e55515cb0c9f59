import type { PodUid } from "@nk/pod-model";
import { computeBackoffMs, createDelayQueue, runTaskGroup } from "@nk/stdx";
import { createDirtyPods } from "./dirty-pods.ts";
import { createHintIntake } from "./hint-intake.ts";
import { computeLifecycleEvents } from "./lifecycle.ts";
import type { PlegOptions } from "./options.ts";
import type { RuntimeView } from "./ports.ts";
import { runRelistLoop, settingsOf } from "./relist.ts";
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

/** Reads an unreadable pod again after a growing wait. */
const retryUnhealthy = (cache: PodStatusCache, settings: Settings, hint: (uid: PodUid) => void): Disposable => {
  const { clock, logger, random, unhealthyBackoffMs } = settings;
  const retries = createDelayQueue<PodUid>({
    clock,
    onDue: (uid) => {
      // The hint may be one too many and dropped, and lists leave unreadable pods alone: without this nobody would ask again.
      retries.schedule(uid, clock.nowMs() + unhealthyBackoffMs.max);
      hint(uid);
    },
  });
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
  const intake = createHintIntake({ cache, clock, metrics, wakeup, eventPatienceMs: options.eventPatienceMs ?? 500 });
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
    await runWatchLoop(watchEvents, signal, { clock, random, logger, metrics, backoffMs, settleMs, onItem: intake.onItem, onStanding });
  };
  const run = async (signal: AbortSignal): Promise<void> => {
    const pods = createDirtyPods({
      clock,
      signal,
      concurrency: options.concurrency ?? 8,
      slowReadMs: options.slowReadMs ?? 500,
      maxDirtyPods: options.maxDirtyPods ?? 1_000,
      read: intake.read,
    });
    using _changes = cache.subscribe((_uid, status, previous) => {
      countRunning(metrics, { previous, next: status });
      for (const event of computeLifecycleEvents(previous, status)) options.onEvent?.(event);
    });
    // A read that runs when its pod's retry falls due is that retry.
    using _retries = retryUnhealthy(cache, settings, (uid) => (pods.isReading(uid) ? undefined : intake.hint(uid)));
    using _intake = intake.open(pods);
    try {
      await runTaskGroup(signal, {
        relist: (taskSignal) => runRelistLoop(taskSignal, { ports, settings, health, wakeup, hint: intake.hint }),
        watch,
      });
    } finally {
      intake.close();
      await pods.onIdle();
    }
  };

  return { run, requestRelist: () => wakeup.wake(), hint: intake.hint, health: health.view };
};
