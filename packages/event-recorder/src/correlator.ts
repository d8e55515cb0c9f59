import { formatTimestamp } from "@nk/pod-model";
import type { CoreEvent } from "@nk/pod-model";
import { createRateLimiter } from "@nk/stdx";
import type { Clock, RandomSource, RateLimiter } from "@nk/stdx";
import { createLru } from "./lru.ts";
import { cutMessage, eventName } from "./make-event.ts";
import type { NanoClock } from "./make-event.ts";
import type { EventPatch } from "./ports.ts";

/** Limits of the correlation; the values of client-go tools/record/events_cache.go are the defaults of the recorder. */
export interface CorrelatorOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly nanoClock: NanoClock;
  /** Distinct messages with one reason about one object before they are combined. */
  readonly aggregateAfter: number;
  /** So long after the last one, similar events are new ones. */
  readonly aggregateIntervalMs: number;
  /** Events about one object at once ... */
  readonly spamBurst: number;
  /** ... and how many come back per second after that. */
  readonly spamPerSecond: number;
  readonly maxEntries: number;
  readonly maxMessageBytes: number;
}

/** What to do with an event: nothing, create it, or count an earlier one up. */
export type Correlated =
  | { readonly action: "skip" }
  | { readonly action: "create"; readonly event: CoreEvent; readonly key: string }
  | { readonly action: "patch"; readonly event: CoreEvent; readonly patch: EventPatch; readonly key: string };

export interface Correlator {
  /** Takes note of an event. Not pure: each call counts. */
  correlate(event: CoreEvent): Correlated;
  /** What the server made of it, so that the next one of its kind counts it up. */
  note(key: string, event: CoreEvent): void;
}

interface Observation {
  readonly count: number;
  readonly firstTimestamp: string | undefined;
  readonly name: string | undefined;
}

const SEPARATOR = "\u0000";

const joinKey = (...parts: readonly (string | undefined)[]): string => parts.map((part) => part ?? "").join(SEPARATOR);

const sourceAndObject = ({ source, involvedObject, type }: CoreEvent): string =>
  joinKey(
    source?.component,
    source?.host,
    involvedObject.kind,
    involvedObject.namespace,
    involvedObject.name,
    involvedObject.uid,
    involvedObject.apiVersion,
    type,
  );

const identityOf = (event: CoreEvent): string =>
  joinKey("event", sourceAndObject(event), event.involvedObject.fieldPath, event.reason, event.message);

const similarityOf = (event: CoreEvent): string =>
  joinKey("similar", sourceAndObject(event), event.reason, event.reportingComponent, event.reportingInstance);

/** Combines events that differ in their message only; what it returns is counted under `key`. */
const createAggregator = (options: CorrelatorOptions) => {
  const { clock, aggregateAfter, aggregateIntervalMs, maxEntries, nanoClock, random, maxMessageBytes } = options;
  const similar = createLru<{ messages: Set<string>; lastMs: number }>(maxEntries);

  return (event: CoreEvent): { readonly event: CoreEvent; readonly key: string } => {
    const nowMs = clock.monotonicMs();
    const similarKey = similarityOf(event);
    const known = similar.get(similarKey);
    const messages = known === undefined || nowMs - known.lastMs > aggregateIntervalMs ? new Set<string>() : known.messages;
    messages.add(event.message ?? "");
    similar.set(similarKey, { messages, lastMs: nowMs });
    if (messages.size < aggregateAfter) return { event, key: identityOf(event) };
    for (const oldest of messages) {
      messages.delete(oldest);
      break;
    }
    const nanos = nanoClock();
    const time = formatTimestamp(clock.nowMs());
    const { annotations: _, ...metadata } = event.metadata;
    const combined = {
      ...event,
      metadata: { ...metadata, name: eventName(event.involvedObject.name ?? "", nanos, random) },
      message: cutMessage(`(combined from similar events): ${event.message ?? ""}`, maxMessageBytes),
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    };
    return { event: combined, key: similarKey };
  };
};

/**
 * Counts, combines and limits events before the API server hears of them: equal ones become one with a count; from the tenth similar one
 * on they share one "(combined from similar events)"; and one object gets 25 at once, then one in five minutes.
 */
export const createCorrelator = (options: CorrelatorOptions): Correlator => {
  const { clock, spamBurst, spamPerSecond, maxEntries } = options;
  const aggregate = createAggregator(options);
  const observations = createLru<Observation>(maxEntries);
  const limiters = createLru<RateLimiter>(maxEntries);

  const note = (key: string, { count = 1, firstTimestamp, metadata }: CoreEvent): void =>
    observations.set(key, { count, firstTimestamp, name: metadata.name });

  const isSpam = (event: CoreEvent): boolean => {
    const key = sourceAndObject(event);
    const limiter = limiters.get(key) ?? createRateLimiter({ perSecond: spamPerSecond, burst: spamBurst, clock });
    limiters.set(key, limiter);
    return !limiter.tryAcquire();
  };

  return {
    note,
    correlate(incoming) {
      const { event: fresh, key } = aggregate(incoming);
      const before = observations.get(key);
      const event: CoreEvent =
        before === undefined
          ? fresh
          : {
              ...fresh,
              metadata: { ...fresh.metadata, ...(before.name === undefined ? {} : { name: before.name }) },
              ...(before.firstTimestamp === undefined ? {} : { firstTimestamp: before.firstTimestamp }),
              count: before.count + 1,
            };
      // What is filtered is counted all the same: the next one that passes tells the whole number.
      note(key, event);
      if (isSpam(event)) return { action: "skip" };
      if (before === undefined) return { action: "create", event, key };
      const patch = { count: event.count ?? 1, lastTimestamp: event.lastTimestamp ?? "", message: event.message ?? "" };
      return { action: "patch", event, patch, key };
    },
  };
};
