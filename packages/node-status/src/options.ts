import { noopLogger, noopMetrics, systemClock, systemRandom } from "@nk/stdx";
import type { Clock, Logger, MetricRegister, RandomSource } from "@nk/stdx";
import { classifyApiError } from "./api-answer.ts";
import type { ApiAnswer } from "./api-answer.ts";
import { NodeStatusError } from "./errors.ts";
import { resolveSettings } from "./settings.ts";
import type { NodeSettings, ResolvedSettings } from "./settings.ts";

/** How the node is kept. Only `settings` has no default. */
export interface NodeStatusOptions {
  /** What the node's object says. */
  readonly settings: NodeSettings;
  /** `registerNode`: create the node. Without it the status is reported once somebody else has. Default true. */
  readonly registerNode?: boolean;
  /** Create the node again when it was deleted while the kubelet runs. Default true; the reference does so at its next start only. */
  readonly reRegister?: boolean;
  /** The device manager's state is lost, so extended resources start at 0. Default false. */
  readonly resetExtendedResources?: boolean;
  /** The status is looked at again although nothing was said to have changed (`nodeStatusUpdateFrequency`). Default 10 000. */
  readonly statusUpdateMs?: number;
  /** An unchanged status is sent all the same (`nodeStatusReportFrequency`), ±50 % after a change. Default 300 000. */
  readonly statusReportMs?: number;
  /** `nodeLeaseDurationSeconds`; renewed after a quarter of it. Default 40. */
  readonly leaseDurationSeconds?: number;
  /** Wait after the first failure, doubled after each further one. Default 100. */
  readonly retryInitialMs?: number;
  /** The longest such wait of lease and status. Default 2000: the server sees the node within that time of its own return. */
  readonly retryMaxMs?: number;
  /** The longest wait between attempts to register; a word from the watch ends it. Default 7000. */
  readonly registerRetryMaxMs?: number;
  /** For one call. Default: the smaller of `statusUpdateMs` and the lease's duration. */
  readonly callTimeoutMs?: number;
  /** Attempts in a row while the server answers, e.g. with a conflict, before a wait. Default 5. */
  readonly maxTries?: number;
  /** Patches at once, and per second after that: a fact that flaps must not flood the server. Default 10 and 1. */
  readonly patchBurst?: number;
  readonly patchesPerSecond?: number;
  /** After so long without a healthy runtime it is called down. Default 30 000. */
  readonly runtimeDownAfterMs?: number;
  /** When the kubelet's process started, epoch milliseconds, for the startup metrics. Default: when this is called. */
  readonly startedAtMs?: number;
  /** What a rejection of an API port means. Default: {@link classifyApiError}. */
  readonly classifyError?: (error: unknown) => ApiAnswer;
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly logger?: Logger;
  readonly metrics?: MetricRegister;
}

export type ResolvedOptions = Required<Omit<NodeStatusOptions, "settings">> & { readonly settings: ResolvedSettings };

const POSITIVE = [
  "statusUpdateMs",
  "statusReportMs",
  "leaseDurationSeconds",
  "retryInitialMs",
  "retryMaxMs",
  "registerRetryMaxMs",
  "callTimeoutMs",
  "maxTries",
  "patchBurst",
  "patchesPerSecond",
] as const;

/** Throws `invalid-option`. */
export const resolveOptions = (options: NodeStatusOptions): ResolvedOptions => {
  const { statusUpdateMs = 10_000, leaseDurationSeconds = 40, clock = systemClock } = options;
  const resolved: ResolvedOptions = {
    registerNode: true,
    reRegister: true,
    resetExtendedResources: false,
    statusUpdateMs,
    statusReportMs: 300_000,
    leaseDurationSeconds,
    retryInitialMs: 100,
    retryMaxMs: 2000,
    registerRetryMaxMs: 7000,
    callTimeoutMs: Math.min(statusUpdateMs, leaseDurationSeconds * 1000),
    maxTries: 5,
    patchBurst: 10,
    patchesPerSecond: 1,
    runtimeDownAfterMs: 30_000,
    startedAtMs: clock.nowMs(),
    classifyError: classifyApiError,
    random: systemRandom,
    logger: noopLogger,
    metrics: noopMetrics,
    ...options,
    clock,
    settings: resolveSettings(options.settings),
  };
  for (const name of POSITIVE) {
    if (!(resolved[name] > 0)) throw new NodeStatusError("invalid-option", `keep the node's status: ${name} is ${resolved[name]}`);
  }
  return resolved;
};
