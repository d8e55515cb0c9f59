import type { Pod, PodRef } from "@nk/pod-model";
import { noopLogger, noopMetrics, systemClock, systemRandom } from "@nk/stdx";
import type { Clock, Logger, RandomSource } from "@nk/stdx";
import { createStatusWriterMetrics } from "./metrics.ts";
import type { StatusWriterMetrics } from "./metrics.ts";

/** Options of {@link createStatusWriter}. */
export interface StatusWriterOptions {
  /** Pods whose urgent changes are written at a time: that they run, are ready for the first time, or have ended. Default 16. */
  readonly maxConcurrent?: number;
  /**
   * Pods whose other changes are written at a time, beside those. Few, so that with many pods at once what was true for a moment only is
   * overtaken while it waits, and not written at all. Default 4, and never more than `maxConcurrent`.
   */
  readonly maxConcurrentNormal?: number;
  /** How long one request may take, milliseconds. Default 10 000. */
  readonly requestTimeoutMs?: number;
  /** Wait after a failed request of a pod, doubling. Default 200 to 10 000; `apiReachable` ends it. */
  readonly retryMs?: { readonly initial?: number; readonly max?: number };
  /**
   * The earliest time after a write at which a status that somebody else overwrote is written again, doubling while that goes on, so that a
   * fight stays slow. Default 1000 to 300 000.
   */
  readonly reconcileMs?: { readonly initial?: number; readonly max?: number };
  /** Called with the object as the API answered a write of its status. Must not throw. */
  readonly onWritten?: (pod: Pod) => void;
  /** Called when the API has deleted a pod at the writer's request, or no longer had it. Must not throw. */
  readonly onDeleted?: (ref: PodRef) => void;
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly logger?: Logger;
  /** Default: none. */
  readonly metrics?: StatusWriterMetrics;
}

/** The options with their defaults filled in. */
export interface WriterSettings {
  readonly maxConcurrent: number;
  readonly maxConcurrentNormal: number;
  readonly requestTimeoutMs: number;
  readonly retryMs: { readonly initial: number; readonly max: number };
  readonly reconcileMs: { readonly initial: number; readonly max: number };
  readonly onWritten: (pod: Pod) => void;
  readonly onDeleted: (ref: PodRef) => void;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
  readonly metrics: StatusWriterMetrics;
}

/** Fills in the defaults. */
export const writerSettingsOf = (options: StatusWriterOptions): WriterSettings => ({
  maxConcurrent: options.maxConcurrent ?? 16,
  maxConcurrentNormal: options.maxConcurrentNormal ?? Math.min(4, options.maxConcurrent ?? 4),
  requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
  retryMs: { initial: 200, max: 10_000, ...options.retryMs },
  reconcileMs: { initial: 1000, max: 300_000, ...options.reconcileMs },
  onWritten: options.onWritten ?? (() => undefined),
  onDeleted: options.onDeleted ?? (() => undefined),
  clock: options.clock ?? systemClock,
  random: options.random ?? systemRandom,
  logger: options.logger ?? noopLogger,
  metrics: options.metrics ?? createStatusWriterMetrics(noopMetrics),
});
