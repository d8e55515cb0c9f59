import type { PodRef } from "@nk/pod-model";
import type { Clock, Logger, MetricRegister } from "@nk/stdx";
import { noopLogger, noopMetrics, systemClock } from "@nk/stdx";

/** How images are pulled. Every field has a default. */
export interface ImagesOptions {
  /**
   * How many PullImage calls run at once on this node; 1 serialises them (`serializeImagePulls`), Infinity lifts the bound. Default 10;
   * the reference serialises, or has no bound at all (`maxParallelImagePulls`).
   */
  readonly maxParallelPulls?: number;
  /** How many pulls may wait for a slot before further ones fail. Default 1000. */
  readonly maxQueuedPulls?: number;
  /** Pulls a second (`registryPullQPS`); 0 or less means no limit. Default 5. */
  readonly pullQps?: number;
  /** Pulls at once above the rate (`registryBurst`). Default 10. */
  readonly pullBurst?: number;
  /** Delay after the first failed pull of an image for a pod, doubled after each further one. Default 10 000. */
  readonly backOffInitialMs?: number;
  /** The longest delay. Default 300 000. */
  readonly backOffMaxMs?: number;
  /** How many failed images are remembered; the oldest is forgotten first. Default 10 000. */
  readonly maxBackOffEntries?: number;
  /** How many logins are tried for one pull. Default 20. */
  readonly maxCredentials?: number;
  /** Ends a PullImage call that takes longer. Default: never, as in the reference, because CRI tells no progress. */
  readonly pullTimeoutMs?: number;
  /** The runtime's own words in an error of the ImagePort. Default: its `details` when that is text (gRPC status details), else its message. */
  readonly describeError?: (error: unknown) => string;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly metrics?: MetricRegister;
  /** Told that a pod's image begins to be pulled; what it returns is called when that ends, whatever came of it. Must not throw. */
  readonly onPulling?: (pod: PodRef) => () => void;
}

export type ResolvedImagesOptions = Required<Omit<ImagesOptions, "pullTimeoutMs">> & Pick<ImagesOptions, "pullTimeoutMs">;

const describeError = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return "details" in error && typeof error.details === "string" && error.details !== "" ? error.details : error.message;
};

export const resolveOptions = (options: ImagesOptions): ResolvedImagesOptions => ({
  maxParallelPulls: 10,
  maxQueuedPulls: 1000,
  pullQps: 5,
  pullBurst: 10,
  backOffInitialMs: 10_000,
  backOffMaxMs: 300_000,
  maxBackOffEntries: 10_000,
  maxCredentials: 20,
  describeError,
  clock: systemClock,
  logger: noopLogger,
  metrics: noopMetrics,
  onPulling: () => () => undefined,
  ...options,
});
