import type { MetricRegister } from "@nk/stdx";

/** How an event ended. */
export const EVENT_OUTCOMES = [
  /** A new event on the server. */
  "created",
  /** One more of an event that was there. */
  "counted",
  /** Kept back by the limit per object. */
  "filtered",
  /** The queue was full, or the recorder had ended. */
  "dropped",
  /** The server answered finally, or the request made no sense. */
  "rejected",
  /** Given up after all attempts, or at the end of the drain. */
  "abandoned",
] as const;
export type EventOutcome = (typeof EVENT_OUTCOMES)[number];

export interface EventRecorderMetrics {
  count(outcome: EventOutcome): void;
  setQueued(count: number): void;
}

/** This recorder's metrics; the reference has none about events. */
export const createEventRecorderMetrics = (register: MetricRegister): EventRecorderMetrics => {
  const outcomes = register.counter({
    name: "nk_events_total",
    help: "Kubernetes events by how their recording ended.",
    labelNames: ["outcome"],
  });
  const queued = register.gauge({ name: "nk_events_queued", help: "Kubernetes events that wait for the API server." });
  return { count: (outcome) => outcomes.inc({ outcome }), setQueued: (count) => queued.set(count) };
};
