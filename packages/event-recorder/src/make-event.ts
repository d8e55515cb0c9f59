import { formatTimestamp } from "@nk/pod-model";
import type { CoreEvent } from "@nk/pod-model";
import type { Clock, RandomSource } from "@nk/stdx";
import type { EventRequest } from "./ports.ts";

/** The longest name the API server takes (a DNS subdomain). */
const MAX_NAME_LENGTH = 253;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/u;
const NANOS_PER_MS = 1_000_000n;
const CUT_MARK = "...";

/** Unix time in nanoseconds, never the same twice: names are made of it. */
export type NanoClock = () => bigint;

/**
 * The clock has no nanoseconds, so those below the millisecond are drawn by chance: two kubelets, or one before and after a restart, hardly
 * ever make the same name. Each answer is above the one before.
 */
export const createNanoClock = (clock: Clock, random: RandomSource): NanoClock => {
  let last = 0n;
  return () => {
    const now = BigInt(Math.floor(clock.nowMs())) * NANOS_PER_MS + BigInt(Math.floor(random() * Number(NANOS_PER_MS)));
    last = now > last ? now : last + 1n;
    return last;
  };
};

const randomUuid = (random: RandomSource): string => {
  const digit = (): string => Math.floor(random() * 16).toString(16);
  const digits = (count: number): string => Array.from({ length: count }, digit).join("");
  return `${digits(8)}-${digits(4)}-4${digits(3)}-${(8 + Math.floor(random() * 4)).toString(16)}${digits(3)}-${digits(12)}`;
};

/** `<object>.<hex of the time>`; a UUID where that is no valid name (client-go tools/record/util). */
export const eventName = (objectName: string, nanos: bigint, random: RandomSource): string => {
  const name = `${objectName}.${nanos.toString(16)}`;
  return name.length <= MAX_NAME_LENGTH && DNS_SUBDOMAIN.test(name) ? name : randomUuid(random);
};

/** At most `maxBytes` bytes of UTF-8, no character cut in two. */
export const cutMessage = (message: string, maxBytes: number): string => {
  const bytes = Buffer.from(message, "utf8");
  if (bytes.length <= maxBytes) return message;
  let end = Math.max(0, maxBytes - CUT_MARK.length);
  // 10xxxxxx goes on with a character that began before.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString("utf8", 0, end)}${CUT_MARK}`.slice(0, maxBytes);
};

/** What {@link makeEvent} takes besides the request. */
export interface EventContext {
  readonly component: string;
  readonly host: string;
  readonly maxMessageBytes: number;
  readonly random: RandomSource;
  /** When it happened, wall time. */
  readonly nowMs: number;
  /** For the name; not a time to show: it stands still while a clock that was set back catches up. */
  readonly nanos: bigint;
}

/** The core/v1 event of a request, seen once. An object without a namespace has its events in `default`. */
export const makeEvent = (request: EventRequest, context: EventContext): CoreEvent => {
  const { involved, fieldPath, annotations } = request;
  const time = formatTimestamp(context.nowMs);
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: {
      name: eventName(involved.name ?? "", context.nanos, context.random),
      namespace: involved.namespace === undefined || involved.namespace === "" ? "default" : involved.namespace,
      ...(annotations === undefined ? {} : { annotations }),
    },
    involvedObject: fieldPath === undefined ? involved : { ...involved, fieldPath },
    reason: request.reason,
    message: cutMessage(request.message, context.maxMessageBytes),
    source: { component: context.component, host: context.host },
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
    type: request.type,
    reportingComponent: context.component,
    reportingInstance: context.host,
  };
};
