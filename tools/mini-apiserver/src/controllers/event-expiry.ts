import { createDelayQueue } from "@nk/stdx";
import type { ApiObject, Controller } from "../contracts.ts";
import { KIND } from "../stored-kinds.ts";
import { follow } from "./follow.ts";
import { attempt } from "./guard.ts";
import type { ControllerOptions } from "./options.ts";

/** How long and how many events are kept. */
export interface EventExpiryOptions extends ControllerOptions {
  /** Since the event last changed; default an hour (--event-ttl). */
  readonly ttlMs?: number;
  /** The oldest go when there are more; default 10,000. */
  readonly maxEvents?: number;
}

const HOUR_MS = 3_600_000;
const DEFAULT_MAX_EVENTS = 10_000;

/** Removes events that are old, and the oldest when there are too many. */
export const createEventExpiry = (options: EventExpiryOptions): Controller => {
  const { store, clock, logger, ttlMs = HOUR_MS, maxEvents = DEFAULT_MAX_EVENTS } = options;

  const remove = (key: string): void => {
    const at = key.indexOf("/");
    attempt(logger, "removing an event", () => void store.remove(KIND.events, { namespace: key.slice(0, at), name: key.slice(at + 1) }));
  };
  const keyOf = ({ metadata }: ApiObject): string => `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`;

  return {
    name: "event-expiry",
    run: async (signal) => {
      /** In the order in which they last changed. */
      const keys = new Set<string>();
      using queue = createDelayQueue<string>({ clock, onDue: remove });
      const keep = (event: ApiObject): void => {
        const key = keyOf(event);
        keys.delete(key);
        keys.add(key);
        queue.schedule(key, clock.nowMs() + ttlMs);
        const [oldest] = keys;
        if (keys.size > maxEvents && oldest !== undefined) {
          keys.delete(oldest);
          remove(oldest);
        }
      };
      const forget = (event: ApiObject): void => {
        keys.delete(keyOf(event));
        queue.cancel(keyOf(event));
      };
      await follow(store, KIND.events, {
        follower: {
          onList: (items) => items.forEach(keep),
          onChange: ({ type, object }) => (type === "DELETED" ? forget(object) : keep(object)),
        },
        signal,
      });
    },
  };
};
