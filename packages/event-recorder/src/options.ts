import { noopLogger, noopMetrics, systemClock, systemRandom } from "@nk/stdx";
import type { Clock, Logger, MetricRegister, RandomSource } from "@nk/stdx";
import { classifyApiError } from "./api-answer.ts";
import type { ApiAnswer } from "./api-answer.ts";
import { EventRecorderError } from "./errors.ts";

/** How events are recorded. Only `component` and `host` have no default. */
export interface EventRecorderOptions {
  /** `source.component` and `reportingComponent`, e.g. `kubelet`. */
  readonly component: string;
  /** `source.host` and `reportingInstance`: the node's name. */
  readonly host: string;
  /** Events that wait or are being written; further ones are dropped. Default 1000. */
  readonly maxQueued?: number;
  /** Objects whose events are written side by side. Default 8; the reference writes one event at a time. */
  readonly concurrency?: number;
  /** Attempts for one event. Default 12. */
  readonly maxTries?: number;
  /** Between attempts; the first wait is a random share of it, so that nodes do not come back all at once. Default 10 000. */
  readonly retryMs?: number;
  /** For one call of the sink. Default 30 000. */
  readonly callTimeoutMs?: number;
  /** After `run`'s signal: how long what is queued may still be written, each event once. Default 2000; 0 drops all. */
  readonly drainMs?: number;
  /** Longest message in bytes of UTF-8. Default 1024, the API server's limit for events.k8s.io. */
  readonly maxMessageBytes?: number;
  /** Distinct messages with one reason about one object before they are combined. Default 10. */
  readonly aggregateAfter?: number;
  /** So long after the last one, similar events are new ones. Default 600 000. */
  readonly aggregateIntervalMs?: number;
  /** Events about one object at once. Default 25. */
  readonly spamBurst?: number;
  /** How many come back per second after that. Default 1/300. */
  readonly spamPerSecond?: number;
  /** Entries in each of the caches that do the counting. Default 4096. */
  readonly maxEntries?: number;
  /** What a rejection of the sink means. Default: {@link classifyApiError}. */
  readonly classifyError?: (error: unknown) => ApiAnswer;
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly logger?: Logger;
  readonly metrics?: MetricRegister;
}

export type ResolvedOptions = Required<EventRecorderOptions>;

export const resolveOptions = (options: EventRecorderOptions): ResolvedOptions => {
  const resolved: ResolvedOptions = {
    maxQueued: 1000,
    concurrency: 8,
    maxTries: 12,
    retryMs: 10_000,
    callTimeoutMs: 30_000,
    drainMs: 2000,
    maxMessageBytes: 1024,
    aggregateAfter: 10,
    aggregateIntervalMs: 600_000,
    spamBurst: 25,
    spamPerSecond: 1 / 300,
    maxEntries: 4096,
    classifyError: classifyApiError,
    clock: systemClock,
    random: systemRandom,
    logger: noopLogger,
    metrics: noopMetrics,
    ...options,
  };
  const atLeastOne = ["maxQueued", "concurrency", "maxTries", "maxMessageBytes", "aggregateAfter", "spamBurst", "maxEntries"] as const;
  for (const name of atLeastOne) {
    if (!(resolved[name] >= 1)) {
      throw new EventRecorderError("invalid-option", `create an event recorder: ${name} is ${resolved[name]}, not at least 1`);
    }
  }
  if (resolved.component === "") throw new EventRecorderError("invalid-option", "create an event recorder: the component has no name");
  return resolved;
};
