import type { CoreEvent } from "@nk/pod-model";
import { createCorrelator } from "./correlator.ts";
import type { Correlator } from "./correlator.ts";
import { createLanes } from "./lanes.ts";
import type { Lanes } from "./lanes.ts";
import { createNanoClock, makeEvent } from "./make-event.ts";
import { createEventRecorderMetrics } from "./metrics.ts";
import type { EventRecorderMetrics } from "./metrics.ts";
import { resolveOptions } from "./options.ts";
import type { EventRecorderOptions } from "./options.ts";
import type { EventRecorderPorts, EventRequest } from "./ports.ts";
import { writeEvent } from "./write-event.ts";
import type { WriteContext } from "./write-event.ts";

/** Takes events and writes them in its own time. */
export interface EventRecorder {
  /** Fire and forget: returns at once, never throws. What is recorded before `run` waits for it. */
  record(request: EventRequest): void;
  /**
   * Writes until `signal` aborts, then for `drainMs` what is still queued, each event once; resolves when it has ended. Not to be called
   * twice.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Events that wait or are being written. */
  readonly queued: number;
}

interface WorkerContext extends WriteContext {
  readonly lanes: Lanes<CoreEvent>;
  readonly metrics: EventRecorderMetrics;
}

const work = async (context: WorkerContext): Promise<void> => {
  const { lanes, correlator, metrics, ended } = context;
  for (;;) {
    const taken = await lanes.take(ended);
    if (taken === undefined) return;
    // Counted when its turn comes, so that the answer to the event before it is known.
    const correlated = correlator.correlate(taken.item);
    metrics.count(correlated.action === "skip" ? "filtered" : await writeEvent(correlated, context));
    taken.done();
    metrics.setQueued(lanes.size);
  }
};

const laneOf = ({ involvedObject: { kind, namespace, name, uid } }: CoreEvent): string => JSON.stringify([kind, namespace, name, uid]);

const runWorkers = async (
  signal: AbortSignal,
  context: Omit<WorkerContext, "ended" | "stopping"> & { readonly correlator: Correlator },
): Promise<void> => {
  const { options, lanes, metrics } = context;
  const ended = new AbortController();
  let drainTimer: Disposable | undefined;
  const onStop = (): void => {
    lanes.close();
    drainTimer = options.clock.schedule(options.drainMs, () => ended.abort(new Error("the time to write the last events is over")));
  };
  if (signal.aborted) onStop();
  else signal.addEventListener("abort", onStop, { once: true });
  const workers = Array.from({ length: options.concurrency }, () => work({ ...context, stopping: signal, ended: ended.signal }));
  try {
    await Promise.all(workers);
  } finally {
    drainTimer?.[Symbol.dispose]();
    signal.removeEventListener("abort", onStop);
  }
  if (lanes.size > 0) options.logger.warn("events not recorded: the recorder has ended", { count: lanes.size });
  for (let left = lanes.size; left > 0; left -= 1) metrics.count("abandoned");
};

/**
 * A recorder of core/v1 events as client-go's tools/record makes them: equal events are one with a count, similar ones are combined, one
 * object can't flood the server, events of one object stay in order, and a server that is away is tried again.
 * Throws `invalid-option`. Starts nothing before `run`.
 */
export const createEventRecorder = (ports: EventRecorderPorts, options: EventRecorderOptions): EventRecorder => {
  const resolved = resolveOptions(options);
  const { logger, clock, random, component, host, maxMessageBytes, maxQueued } = resolved;
  const metrics = createEventRecorderMetrics(resolved.metrics);
  const nanoClock = createNanoClock(clock, random);
  const correlator = createCorrelator({ ...resolved, nanoClock });
  const lanes = createLanes<CoreEvent>(maxQueued);
  let isFull = false;

  const refuse = (request: EventRequest, why: string): void => {
    const { involved, reason } = request;
    metrics.count("rejected");
    logger.error("event not recorded: the request makes no sense", { why, reason, kind: involved.kind, name: involved.name });
  };

  return {
    record(request) {
      const { involved, type, reason, message } = request;
      if (type !== "Normal" && type !== "Warning") return refuse(request, "unknown type");
      if (involved.name === undefined || involved.name === "") return refuse(request, "the object has no name");
      const event = makeEvent(request, { component, host, maxMessageBytes, random, nowMs: clock.nowMs(), nanos: nanoClock() });
      logger.debug("event", { kind: involved.kind, namespace: involved.namespace, name: involved.name, type, reason, message });
      if (!lanes.offer(laneOf(event), event)) {
        metrics.count("dropped");
        if (!isFull) logger.error("events are dropped: too many wait for the server", { queued: lanes.size, reason });
        isFull = true;
        return;
      }
      isFull = false;
      metrics.setQueued(lanes.size);
    },
    run: (signal) => runWorkers(signal, { sink: ports.sink, correlator, options: resolved, nanoClock, lanes, metrics }),
    get queued() {
      return lanes.size;
    },
  };
};
