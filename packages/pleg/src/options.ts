import type { PodLifecycleEvent } from "@nk/pod-model";
import type { Clock, Logger, RandomSource } from "@nk/stdx";
import type { PlegMetrics } from "./metrics.ts";

/** Options of `createPleg`; every one has a default. */
export interface PlegOptions {
  /** Called for each event, in the order of the reads of one pod. Must not throw; it may be called inside a `refresh` of the caller. */
  readonly onEvent?: (event: PodLifecycleEvent) => void;
  /**
   * Time between two lists. `evented` (default 60 000) while events come: the safety net; `generic` (default 1 000, the reference's)
   * while they do not.
   */
  readonly relistPeriodMs?: { readonly evented?: number; readonly generic?: number };
  /** Least time between two lists, so that a flood of gaps is not a flood of lists. Default 100. */
  readonly minRelistIntervalMs?: number;
  /** How long one list may take. Default 60 000; the reference's CRI timeout is 120 000. */
  readonly relistTimeoutMs?: number;
  /** Age of the last list from which the runtime counts as unhealthy. Default 180 000, the reference's. */
  readonly relistThresholdMs?: number;
  /** Reads of pods at the same time. Default 8. */
  readonly concurrency?: number;
  /** A read that takes longer gives its place away and runs on. Default 500. */
  readonly slowReadMs?: number;
  /** Pods that may wait to be read; beyond it hints are dropped and a list is asked for. Default 1 000. */
  readonly maxDirtyPods?: number;
  /** How long an event about a pod that is being changed or read may wait for the end of that. Default 500. */
  readonly eventPatienceMs?: number;
  /** Wait before an unreadable pod is read again. Default 1 000 to 60 000, doubling. */
  readonly unhealthyBackoffMs?: { readonly initial?: number; readonly max?: number };
  /** Wait before the event stream is opened again. Default 250 to 30 000, doubling. */
  readonly watchBackoffMs?: { readonly initial?: number; readonly max?: number };
  /**
   * For a runtime view that sends no gap when its stream stands: a silent stream counts as standing after this time. Default: never;
   * while no item came, lists go on at the generic pace.
   */
  readonly watchSettleMs?: number;
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly logger?: Logger;
  /** Default: none. */
  readonly metrics?: PlegMetrics;
}
