import type { Clock, RandomSource } from "@nk/stdx";
import type { RuntimeEvent } from "../ports.ts";

/** Probabilities, 0 to 1, that an event is lost, sent twice, or late (late ones overtake each other). */
export interface EventFaults {
  readonly lost?: number;
  readonly duplicated?: number;
  readonly late?: number;
  /** Upper bound of the lateness. Default 500. */
  readonly maxLateMs?: number;
}

/** The way of events from a simulated runtime to whoever watches it. */
export interface EventWire {
  send(event: RuntimeEvent): void;
  watch(options: { readonly signal: AbortSignal; readonly isUp: () => boolean }): AsyncIterable<RuntimeEvent>;
  cut(): void;
  calm(): void;
}

interface Stream {
  readonly queue: RuntimeEvent[];
  isCut: boolean;
  notify: () => void;
}

/** Creates a wire without watchers. */
export const createEventWire = (options: {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly faults: EventFaults;
}): EventWire => {
  const { clock, random } = options;
  let { faults } = options;
  const streams = new Set<Stream>();

  const deliver = (event: RuntimeEvent): void => {
    for (const stream of streams) {
      stream.queue.push(event);
      stream.notify();
    }
  };
  async function* watch({ signal, isUp }: { readonly signal: AbortSignal; readonly isUp: () => boolean }): AsyncGenerator<RuntimeEvent> {
    if (!isUp()) throw new Error("the simulated runtime is down");
    const stream: Stream = { queue: [{ type: "gap" }], isCut: false, notify: () => undefined };
    streams.add(stream);
    const onAbort = (): void => stream.notify();
    signal.addEventListener("abort", onAbort);
    try {
      for (;;) {
        signal.throwIfAborted();
        const event = stream.queue.shift();
        if (event !== undefined) {
          yield event;
          continue;
        }
        if (stream.isCut) throw new Error("the simulated event stream was cut");
        await new Promise<void>((resolve) => {
          stream.notify = resolve;
        });
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      streams.delete(stream);
    }
  }

  return {
    send(event) {
      if (random() < (faults.lost ?? 0)) return;
      const copies = random() < (faults.duplicated ?? 0) ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        if (random() < (faults.late ?? 0)) clock.schedule(random() * (faults.maxLateMs ?? 500), () => deliver(event));
        else deliver(event);
      }
    },
    watch,
    cut() {
      for (const stream of streams) {
        // What was under way is lost with the connection.
        stream.queue.length = 0;
        stream.isCut = true;
        stream.notify();
      }
    },
    calm() {
      faults = {};
    },
  };
};
