import type { Clock, Logger, MetricRegister, RandomSource } from "@nk/stdx";
import { noopLogger, noopMetrics, systemClock, systemRandom } from "@nk/stdx";

export interface ProbesOptions {
  /** Exec probes that run at once on this node; further ones wait, their time limit not yet running. Default 16. */
  readonly maxConcurrentExecs?: number;
  /** http, tcp and grpc probes at once. Default 256. */
  readonly maxConcurrentConnections?: number;
  /**
   * Milliseconds after which a shot does not count among those at once any more, default 5000: a few whose time limit is an hour, and which
   * hang, must not stop all others of the node. There is never more than one shot for each probe.
   */
  readonly slotPatienceMs?: number;
  /** Immediate further tries of a shot that could not be carried out. Default 2, three tries in all as in the reference. */
  readonly maxErrorRetries?: number;
  /**
   * A shot that ran into its time limit is inconclusive when this process was so long too busy to look for an answer. It is repeated like an
   * error, and counts neither as a success nor as a failure. Default 100.
   */
  readonly lateToleranceMs?: number;
  /** So many inconclusive shots in a row say nothing; one more is a failure, because a busy node must not hide a dead container. Default 3. */
  readonly maxInconclusive?: number;
  /** Default `kube-probe/1.36`. */
  readonly userAgent?: string;
  /** Spreads the first shots at containers that ran before the engine did. */
  readonly random?: RandomSource;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly metrics?: MetricRegister;
}

export type ResolvedProbesOptions = Required<ProbesOptions>;

export const resolveOptions = (options: ProbesOptions): ResolvedProbesOptions => ({
  maxConcurrentExecs: 16,
  maxConcurrentConnections: 256,
  slotPatienceMs: 5000,
  maxErrorRetries: 2,
  lateToleranceMs: 100,
  maxInconclusive: 3,
  userAgent: "kube-probe/1.36",
  random: systemRandom,
  clock: systemClock,
  logger: noopLogger,
  metrics: noopMetrics,
  ...options,
});
