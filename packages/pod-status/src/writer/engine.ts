import type { PodUid } from "@nk/pod-model";
import { computeBackoffMs, createDelayQueue } from "@nk/stdx";
import type { DelayQueue } from "@nk/stdx";
import type { PodStatusApiPort } from "../ports.ts";
import { createMirrors } from "./api-view.ts";
import type { ApiView } from "./api-view.ts";
import { acknowledge, attempt } from "./attempt.ts";
import type { AttemptContext } from "./attempt.ts";
import { decideStep, isClosed } from "./lane.ts";
import type { Lane } from "./lane.ts";
import type { WriterSettings } from "./options.ts";
import { createSlots } from "./slots.ts";
import type { Slots } from "./slots.ts";

/** What the lanes of all pods share. */
export interface WriterEngine extends AttemptContext {
  readonly lanes: Map<PodUid, Lane>;
  readonly timers: DelayQueue<PodUid>;
  readonly slots: Slots;
  readonly idleWaiters: Set<() => void>;
}

/** Creates it without pods. */
export const createEngine = (api: PodStatusApiPort, settings: WriterSettings): WriterEngine => {
  const engine: WriterEngine = {
    api,
    settings,
    mirrors: createMirrors(),
    lanes: new Map(),
    timers: createDelayQueue<PodUid>({ clock: settings.clock, onDue: (uid) => wakeWaiting(engine, uid) }),
    slots: createSlots({
      maxUrgent: settings.maxConcurrent,
      maxNormal: settings.maxConcurrentNormal,
      start: (lane, signal) => runLane(engine, lane, signal),
    }),
    idleWaiters: new Set(),
  };
  return engine;
};

/** The API's object of a lane: the pod itself, or the mirror of a static pod. */
export const currentView = (engine: WriterEngine, lane: Lane): ApiView | undefined =>
  lane.isStatic ? engine.mirrors.of(lane.pod) : lane.view;

/** A repair of what somebody else wrote is not waited for: it may go on for ever. */
const isMoving = ({ state, failures }: Lane): boolean => state === "queued" || state === "busy" || (state === "waiting" && failures > 0);

/** Tells those who wait for it that nothing is left to be written, if that is so. */
export const tellIdle = (engine: WriterEngine): void => {
  if (engine.idleWaiters.size === 0 || [...engine.lanes.values()].some(isMoving)) return;
  for (const resolve of engine.idleWaiters) resolve();
  engine.idleWaiters.clear();
};

const waitUntil = (engine: WriterEngine, lane: Lane, untilMs: number): void => {
  const { clock } = engine.settings;
  lane.state = "waiting";
  engine.timers.schedule(lane.uid, clock.nowMs() + Math.max(0, untilMs - clock.monotonicMs()));
  tellIdle(engine);
};

const retryLater = (engine: WriterEngine, lane: Lane, error: unknown): void => {
  const { clock, logger, random, retryMs } = engine.settings;
  lane.failures += 1;
  lane.lastError = error;
  const backoff = { attempt: lane.failures - 1, initialMs: retryMs.initial, maxMs: retryMs.max };
  const delayMs = computeBackoffMs({ ...backoff, jitter: 0.2, random });
  logger.warn("status of a pod could not be written", { podUid: lane.uid, failures: lane.failures, retryInMs: Math.round(delayMs), error });
  waitUntil(engine, lane, clock.monotonicMs() + delayMs);
};

/** Queues a lane if there is something to do now, and sets its timer if there is later. */
export const consider = (engine: WriterEngine, lane: Lane): void => {
  // What runs looks again before it ends. After a failure the wait stands, whatever else changes: what is newest is sent then.
  if (lane.state === "busy" || isClosed(lane) || (lane.state === "waiting" && lane.failures > 0)) return;
  const step = decideStep(lane, currentView(engine, lane), engine.settings.clock.monotonicMs());
  engine.timers.cancel(lane.uid);
  if (step.type === "none") {
    lane.state = "idle";
    tellIdle(engine);
  } else if (step.type === "wait") waitUntil(engine, lane, step.untilMs);
  else {
    lane.state = "queued";
    engine.slots.enqueue(lane, step.type === "patch" && step.isUrgent);
  }
};

/** Ends the wait of a lane. */
export const wakeWaiting = (engine: WriterEngine, uid: PodUid): void => {
  const lane = engine.lanes.get(uid);
  if (lane?.state !== "waiting") return;
  engine.timers.cancel(uid);
  lane.state = "idle";
  consider(engine, lane);
};

const isCurrent = (engine: WriterEngine, lane: Lane): boolean => engine.lanes.get(lane.uid) === lane;

const takeSteps = async (engine: WriterEngine, lane: Lane, signal: AbortSignal): Promise<void> => {
  while (!isClosed(lane) && isCurrent(engine, lane)) {
    const step = decideStep(lane, currentView(engine, lane), engine.settings.clock.monotonicMs());
    if (step.type === "none" || step.type === "wait") return;
    if (step.type === "acknowledge") acknowledge(engine.settings, lane, { shown: lane.published, view: step.view });
    else await attempt(engine, lane, { step, signal });
  }
};

/** Serves a lane until there is nothing to do for it now: final status and deletion go out one right after the other. */
const runLane = async (engine: WriterEngine, lane: Lane, signal: AbortSignal): Promise<void> => {
  lane.state = "busy";
  let failure: { readonly error: unknown } | undefined;
  try {
    await takeSteps(engine, lane, signal);
  } catch (error) {
    failure = { error };
  }
  if (isCurrent(engine, lane) && !isClosed(lane)) {
    if (failure !== undefined && !signal.aborted) retryLater(engine, lane, failure.error);
    else {
      lane.state = "idle";
      if (!signal.aborted) consider(engine, lane);
    }
  }
  tellIdle(engine);
};
