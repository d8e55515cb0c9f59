import { podFullName, podRef } from "@nk/pod-model";
import type { Pod, PodFullName, PodRef } from "@nk/pod-model";
import {
  computeBackoffMs,
  createDelayQueue,
  createSemaphore,
  noopLogger,
  raceSignal,
  systemClock,
  systemRandom,
  withDeadline,
} from "@nk/stdx";
import type { Clock, DelayQueue, Logger, RandomSource, Semaphore } from "@nk/stdx";
import type { MirrorApiPort, StaticWorkPort } from "../ports.ts";
import { decideMirrorStep } from "./lane.ts";
import type { MirrorLane, MirrorStep } from "./lane.ts";
import { buildMirrorPod, mirroredHashOf } from "./mirror-pod.ts";
import type { MirrorNode } from "./mirror-pod.ts";

/** What mirror pods need of others. */
export interface MirrorPodsPorts {
  readonly api: MirrorApiPort;
  readonly work: StaticWorkPort;
}

/** Options of {@link createMirrorPods}. */
export interface MirrorPodsOptions {
  /** Requests at a time. Default 4. */
  readonly maxConcurrent?: number | undefined;
  /** How long one request may take. Default 10 000. */
  readonly requestTimeoutMs?: number | undefined;
  /** Wait after a failed request for a name, doubling. Default 500 to 30 000; `apiReachable` ends it, and so does news of that name. */
  readonly retryMs?: { readonly initial?: number; readonly max?: number } | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: RandomSource | undefined;
  readonly logger?: Logger | undefined;
}

/**
 * Keeps one mirror pod in the API for each static pod, so that people and controllers see it there: made when it is missing, made anew when
 * the static pod changed or somebody deleted the mirror, deleted when the static pod is gone. Driven by what it is told, not by a tick.
 */
export interface MirrorPods {
  /** The complete set of static pods that their sources want now, of all sources together. */
  setStaticPods(pods: readonly Pod[]): void;
  /** Every source of pods has reported: from then on a mirror without a static pod is deleted. */
  sourcesReady(): void;
  /** The API shows this mirror pod of this node; a pod that is no mirror is ignored. */
  observed(pod: Pod): void;
  /** The API no longer has this pod. */
  gone(ref: PodRef): void;
  /** The node's object in the API; undefined while there is none. Mirrors wait for it. */
  setNode(node: MirrorNode | undefined): void;
  /** A static pod of that name has ended: what waited for it is done now. */
  stopped(name: PodFullName): void;
  /** The API answers again. */
  apiReachable(): void;
  /** Starts the requests; resolves when the signal has aborted and they have ended. Runs once. */
  run(signal: AbortSignal): Promise<void>;
}

interface Settings {
  readonly requestTimeoutMs: number;
  readonly retryMs: { readonly initial: number; readonly max: number };
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
}

interface Engine {
  readonly ports: MirrorPodsPorts;
  readonly settings: Settings;
  readonly lanes: Map<PodFullName, MirrorLane>;
  readonly places: Semaphore;
  readonly timers: DelayQueue<PodFullName>;
  readonly running: Set<Promise<void>>;
  node: MirrorNode | undefined;
  areSourcesReady: boolean;
  signal: AbortSignal | undefined;
}

const laneOf = (engine: Engine, name: PodFullName): MirrorLane => {
  const lane = engine.lanes.get(name) ?? {
    name,
    wanted: undefined,
    shown: undefined,
    deletedUid: undefined,
    isBusy: false,
    failures: 0,
    lastError: undefined,
  };
  engine.lanes.set(name, lane);
  return lane;
};

const nextStep = (engine: Engine, lane: MirrorLane): MirrorStep => {
  const { node, areSourcesReady, ports } = engine;
  return decideMirrorStep(lane, { node, areSourcesReady, isTerminating: ports.work.isTerminating(lane.name) });
};

const show = (lane: MirrorLane, pod: Pod): void => {
  lane.shown = { ref: podRef(pod), hash: mirroredHashOf(pod), isDeleting: pod.metadata?.deletionTimestamp !== undefined };
};

const take = async (
  engine: Engine,
  lane: MirrorLane,
  { step, signal }: { readonly step: MirrorStep; readonly signal: AbortSignal },
): Promise<void> => {
  const { api } = engine.ports;
  const { logger } = engine.settings;
  if (step.type === "create") {
    const outcome = await api.create(buildMirrorPod(step.pod, step.node), { signal });
    // Its own mirror that was not seen yet is told of by the watch; a pod of somebody else has to go first.
    if (outcome.type === "exists") throw new Error(`a pod named ${lane.name} is in the way of a mirror pod`);
    show(lane, outcome.pod);
    logger.info("mirror pod is created", { pod: lane.name });
  } else if (step.type === "delete") {
    const { ref } = step.mirror;
    const outcome = await api.delete(ref, { gracePeriodSeconds: 0, signal });
    // Another pod has the name, as the watch will tell; or somebody in the API's way refused, and the mirror is still there.
    if (outcome === "conflict") throw new Error(`the API refuses to delete the mirror pod ${lane.name}`);
    lane.deletedUid = ref.uid;
    if (lane.shown?.ref.uid === ref.uid) lane.shown = undefined;
    logger.info("mirror pod is deleted", { pod: lane.name, why: step.why, outcome });
  }
};

const retryLater = (engine: Engine, lane: MirrorLane, error: unknown): void => {
  const { clock, logger, random, retryMs } = engine.settings;
  lane.failures += 1;
  lane.lastError = error;
  const backoff = { attempt: lane.failures - 1, initialMs: retryMs.initial, maxMs: retryMs.max };
  const delayMs = computeBackoffMs({ ...backoff, jitter: 0.2, random });
  logger.warn("mirror pod could not be brought up to date", {
    pod: lane.name,
    failures: lane.failures,
    retryInMs: Math.round(delayMs),
    error,
  });
  engine.timers.schedule(lane.name, clock.nowMs() + delayMs);
};

const serve = async (engine: Engine, lane: MirrorLane, signal: AbortSignal): Promise<void> => {
  const { clock, requestTimeoutMs } = engine.settings;
  lane.isBusy = true;
  try {
    using _place = await engine.places.acquire({ signal });
    for (;;) {
      const step = nextStep(engine, lane);
      if (step.type === "none" || step.type === "await-node") break;
      using deadline = withDeadline({ signal, timeoutMs: requestTimeoutMs, clock, what: `${step.type} of a mirror pod` });
      await take(engine, lane, { step, signal: deadline.signal });
      lane.failures = 0;
      lane.lastError = undefined;
    }
  } catch (error) {
    if (!signal.aborted) retryLater(engine, lane, error);
  } finally {
    lane.isBusy = false;
  }
  if (lane.wanted === undefined && lane.shown === undefined && lane.deletedUid === undefined) engine.lanes.delete(lane.name);
};

/** Does what the name needs now, if anything. Only news of this name, or its time, ends the wait after a failure. */
const consider = (engine: Engine, lane: MirrorLane, isNews = true): void => {
  const { signal } = engine;
  if (signal === undefined || signal.aborted || lane.isBusy || (lane.failures > 0 && !isNews)) return;
  const step = nextStep(engine, lane);
  if (step.type === "none" || step.type === "await-node") return;
  engine.timers.cancel(lane.name);
  const done: Promise<void> = serve(engine, lane, signal).finally(() => engine.running.delete(done));
  engine.running.add(done);
};

const considerAll = (engine: Engine, isNews = true): void => {
  for (const lane of engine.lanes.values()) consider(engine, lane, isNews);
};

const setStaticPods = (engine: Engine, pods: readonly Pod[]): void => {
  const wanted = new Map(pods.map((pod) => [podFullName(podRef(pod)), pod]));
  const names = new Set([...engine.lanes.keys(), ...wanted.keys()]);
  for (const name of names) {
    const lane = laneOf(engine, name);
    const isNews = lane.wanted !== wanted.get(name);
    lane.wanted = wanted.get(name);
    consider(engine, lane, isNews);
  }
};

const observe = (engine: Engine, pod: Pod): void => {
  if (mirroredHashOf(pod) === undefined) return;
  const ref = podRef(pod);
  const lane = laneOf(engine, podFullName(ref));
  if (lane.deletedUid === ref.uid) return;
  show(lane, pod);
  consider(engine, lane);
};

const lose = (engine: Engine, ref: PodRef): void => {
  const lane = engine.lanes.get(podFullName(ref));
  if (lane === undefined) return;
  if (lane.deletedUid === ref.uid) lane.deletedUid = undefined;
  if (lane.shown?.ref.uid === ref.uid) lane.shown = undefined;
  if (lane.wanted === undefined && lane.shown === undefined && !lane.isBusy) engine.lanes.delete(lane.name);
  else consider(engine, lane);
};

const createEngine = (ports: MirrorPodsPorts, options: MirrorPodsOptions): Engine => {
  const { clock = systemClock, random = systemRandom, logger = noopLogger, requestTimeoutMs = 10_000 } = options;
  const engine: Engine = {
    ports,
    settings: { requestTimeoutMs, retryMs: { initial: 500, max: 30_000, ...options.retryMs }, clock, random, logger },
    lanes: new Map(),
    places: createSemaphore(options.maxConcurrent ?? 4),
    timers: createDelayQueue<PodFullName>({
      clock,
      onDue: (name) => {
        const lane = engine.lanes.get(name);
        if (lane !== undefined) consider(engine, lane);
      },
    }),
    running: new Set(),
    node: undefined,
    areSourcesReady: false,
    signal: undefined,
  };
  return engine;
};

/** Creates it without static pods; nothing is asked of the API before `run`. */
export const createMirrorPods = (ports: MirrorPodsPorts, options: MirrorPodsOptions = {}): MirrorPods => {
  const engine = createEngine(ports, options);
  return {
    setStaticPods: (pods) => setStaticPods(engine, pods),
    sourcesReady() {
      engine.areSourcesReady = true;
      considerAll(engine);
    },
    observed: (pod) => observe(engine, pod),
    gone: (ref) => lose(engine, ref),
    setNode(node) {
      const isNews = node?.uid !== engine.node?.uid || node?.isDeleting !== engine.node?.isDeleting;
      engine.node = node;
      considerAll(engine, isNews);
    },
    stopped(name) {
      const lane = engine.lanes.get(name);
      if (lane !== undefined) consider(engine, lane);
    },
    apiReachable: () => considerAll(engine),
    async run(signal) {
      signal.throwIfAborted();
      engine.signal = signal;
      considerAll(engine);
      await raceSignal(new Promise<never>(() => undefined), signal).catch(() => undefined);
      await Promise.all(engine.running);
      engine.timers[Symbol.dispose]();
    },
  };
};
