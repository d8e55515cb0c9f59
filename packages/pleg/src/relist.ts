import type { PodUid } from "@nk/pod-model";
import { noopLogger, noopMetrics, raceSignal, systemClock, systemRandom, withDeadline } from "@nk/stdx";
import type { Clock, Logger, RandomSource } from "@nk/stdx";
import { isSameInList } from "./lifecycle.ts";
import { createPlegMetrics } from "./metrics.ts";
import type { PlegMetrics } from "./metrics.ts";
import type { PlegOptions } from "./options.ts";
import type { RuntimeView } from "./ports.ts";
import type { RuntimeHealthStore } from "./runtime-health.ts";
import type { PodStatusCache } from "./status-cache.ts";
import type { Wakeup } from "./wakeup.ts";

/** The options with their defaults filled in. */
export interface Settings {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
  readonly metrics: PlegMetrics;
  readonly relistTimeoutMs: number;
  readonly periodMs: { readonly evented: number; readonly generic: number };
  readonly minRelistIntervalMs: number;
  readonly unhealthyBackoffMs: { readonly initial: number; readonly max: number };
}

/** Fills in the defaults. */
export const settingsOf = (options: PlegOptions): Settings => ({
  clock: options.clock ?? systemClock,
  random: options.random ?? systemRandom,
  logger: options.logger ?? noopLogger,
  metrics: options.metrics ?? createPlegMetrics(noopMetrics),
  relistTimeoutMs: options.relistTimeoutMs ?? 60_000,
  periodMs: { evented: 60_000, generic: 1_000, ...options.relistPeriodMs },
  minRelistIntervalMs: options.minRelistIntervalMs ?? 100,
  unhealthyBackoffMs: { initial: 1_000, max: 60_000, ...options.unhealthyBackoffMs },
});

/** Lists once and marks every pod whose list entry differs from what was read last. True when the runtime answered. */
const relist = async (
  { runtime, cache }: { readonly runtime: RuntimeView; readonly cache: PodStatusCache },
  { clock, logger, metrics, relistTimeoutMs }: Settings,
  to: { readonly health: RuntimeHealthStore; readonly markDirty: (uid: PodUid) => void; readonly signal: AbortSignal },
): Promise<boolean> => {
  const startedMs = clock.monotonicMs();
  const lastRelistAtMs = to.health.snapshot().lastRelistAtMs;
  if (lastRelistAtMs !== undefined) metrics.relistInterval.observe((clock.nowMs() - lastRelistAtMs) / 1000);
  using deadline = withDeadline({ signal: to.signal, timeoutMs: relistTimeoutMs, clock, what: "listing pods of the runtime" });
  try {
    const pods = await raceSignal(runtime.listPods({ signal: deadline.signal }), deadline.signal);
    metrics.relistDuration.observe((clock.monotonicMs() - startedMs) / 1000);
    const missing = new Set(cache.knownUids());
    for (const pod of pods) {
      missing.delete(pod.uid);
      // The list only says where to look. Storing anything from it could undo what a later read of that pod has seen.
      if (!isSameInList(pod, cache.get(pod.uid))) to.markDirty(pod.uid);
    }
    for (const uid of missing) to.markDirty(uid);
    to.health.relisted();
    metrics.lastSeen.set(clock.nowMs() / 1000);
    return true;
  } catch (error) {
    to.signal.throwIfAborted();
    logger.warn("list of the runtime's pods failed", { error });
    to.health.failed(error);
    return false;
  }
};

/** Asks for what failed because the runtime was away: once that is back, it need not wait out its back-off. */
export const hintUnreadable = (cache: PodStatusCache, hint: (uid: PodUid) => void): void => {
  for (const uid of cache.knownUids()) if (cache.health(uid).state === "unhealthy") hint(uid);
};

export interface RelistLoopOptions {
  readonly ports: { readonly runtime: RuntimeView; readonly cache: PodStatusCache };
  readonly settings: Settings;
  readonly health: RuntimeHealthStore;
  readonly wakeup: Wakeup;
  readonly hint: (uid: PodUid) => void;
}

/** Lists at the pace of the mode, and at once when woken, until the signal aborts. */
export const runRelistLoop = async (signal: AbortSignal, options: RelistLoopOptions): Promise<void> => {
  const { ports, settings, health, wakeup, hint } = options;
  const { cache } = ports;
  const { clock, periodMs } = settings;
  let wasAnswered = true;
  // An unreadable pod has its own back-off; the list must not turn it into a read per list.
  const markDirty = (uid: PodUid): void => (cache.health(uid).state === "unhealthy" ? undefined : hint(uid));
  for (;;) {
    const isAnswered = await relist(ports, settings, { health, signal, markDirty });
    if (isAnswered && !wasAnswered) hintUnreadable(cache, hint);
    wasAnswered = isAnswered;
    await clock.sleep(settings.minRelistIntervalMs, { signal });
    const period = periodMs[health.snapshot().mode];
    await wakeup.wait({ timeoutMs: isAnswered ? period : Math.min(periodMs.generic, period), signal });
  }
};
