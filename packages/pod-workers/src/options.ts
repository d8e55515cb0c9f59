import type { PodRef, PodSource } from "@nk/pod-model";
import type { Clock, Logger, RandomSource } from "@nk/stdx";
import { noopLogger, noopMetrics, systemClock, systemRandom } from "@nk/stdx";
import { createPodWorkersMetrics } from "./metrics.ts";
import type { PodWorkersMetrics } from "./metrics.ts";

/** Options of `createPodWorkers`. */
export interface PodWorkersOptions {
  /** The sources there are. Nothing is inferred from a pod's absence before each has reported once. */
  readonly sources: readonly PodSource[];
  /** Called once, when the last source has reported. */
  readonly onSourcesReady?: () => void;
  /** Called when a UID is forgotten: it is in no source and nothing of it is left. A new generation of the UID starts after it. */
  readonly onForgotten?: (ref: PodRef) => void;
  /** The safety net: a pod is synced again after this time x 1 to 1.5 if nothing woke it. Default 60 000 (`syncFrequency`). */
  readonly syncFrequencyMs?: number;
  /** Wait after a failed pass, doubling. Default 500 to 10 000; the reference waits 10 s to 15 s after every error. */
  readonly errorBackoffMs?: { readonly initial?: number; readonly max?: number };
  /** Grace period of pods that no source wants. Default 1, the reference's. */
  readonly orphanGracePeriodSeconds?: number;
  /** The longest that the teardown of a replaced pod waits for its successor's containers to start. Default 500. */
  readonly headStartMs?: number;
  /** Decisions kept per pod. Default 50. */
  readonly maxDecisions?: number;
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly logger?: Logger;
  /** Default: none. */
  readonly metrics?: PodWorkersMetrics;
}

/** The options with their defaults filled in. */
export interface Settings {
  readonly sources: readonly PodSource[];
  readonly onSourcesReady: () => void;
  readonly onForgotten: (ref: PodRef) => void;
  readonly syncFrequencyMs: number;
  readonly errorBackoffMs: { readonly initial: number; readonly max: number };
  readonly orphanGracePeriodSeconds: number;
  readonly headStartMs: number;
  readonly maxDecisions: number;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
  readonly metrics: PodWorkersMetrics;
}

/** Fills in the defaults. */
export const settingsOf = (options: PodWorkersOptions): Settings => ({
  sources: options.sources,
  onSourcesReady: options.onSourcesReady ?? (() => undefined),
  onForgotten: options.onForgotten ?? (() => undefined),
  syncFrequencyMs: options.syncFrequencyMs ?? 60_000,
  errorBackoffMs: { initial: 500, max: 10_000, ...options.errorBackoffMs },
  orphanGracePeriodSeconds: options.orphanGracePeriodSeconds ?? 1,
  headStartMs: options.headStartMs ?? 500,
  maxDecisions: options.maxDecisions ?? 50,
  clock: options.clock ?? systemClock,
  random: options.random ?? systemRandom,
  logger: options.logger ?? noopLogger,
  metrics: options.metrics ?? createPodWorkersMetrics(noopMetrics),
});
