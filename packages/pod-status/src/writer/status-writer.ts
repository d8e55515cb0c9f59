import { isDeepStrictEqual } from "node:util";
import { isMirrorPod, podFullName, podRef } from "@nk/pod-model";
import type { Pod, PodRef, PodStatus, PodUid } from "@nk/pod-model";
import { raceSignal } from "@nk/stdx";
import type { PodStatusApiPort } from "../ports.ts";
import { isOlder, viewOf } from "./api-view.ts";
import type { ApiView } from "./api-view.ts";
import { adoptView } from "./attempt.ts";
import { consider, createEngine, currentView, tellIdle, wakeWaiting } from "./engine.ts";
import type { WriterEngine } from "./engine.ts";
import { createLane, isClosed, isDeletable } from "./lane.ts";
import type { Lane, LaneState } from "./lane.ts";
import { countTerminations } from "./metrics.ts";
import { writerSettingsOf } from "./options.ts";
import type { StatusWriterOptions } from "./options.ts";
import { findRevivedContainer } from "./transitions.ts";

/** What the writer needs of others. */
export interface StatusWriterPorts {
  readonly api: PodStatusApiPort;
}

/** What the pod's worker knows beyond its status. */
export interface PublishedStanding {
  /** False once the worker has stopped every container for good; until then a final phase is held back. */
  readonly couldHaveRunningContainers: boolean;
}

/** Where the status of one pod is on its way, for people who ask why the API shows an old one. */
export interface WriteState {
  readonly state: LaneState;
  /** The API shows what was published last. */
  readonly isShown: boolean;
  /** Nothing was published, or a static pod has no mirror yet. */
  readonly hasTarget: boolean;
  readonly failures: number;
  readonly lastError?: unknown;
}

/**
 * Brings the newest status of each pod to the API server, and deletes pods from it when nothing of them is left. One request of a pod at a
 * time, the pods side by side. Not safe for use by several kubelets of one node.
 */
export interface StatusWriter {
  /**
   * The newest status of a pod, as it was computed. Of a static pod it goes to its mirror, when there is one. A status in which a container
   * that ended for good lives again is refused and logged. Equal to the last one: nothing happens.
   */
  publish(pod: Pod, status: PodStatus, standing: PublishedStanding): void;
  /** Nothing of the pod is left on the node; if its deletion is asked for, now or later, it is deleted once its final status is shown. */
  finished(pod: Pod): void;
  /** The API shows this object: from the watch or a list, mirror pods included. Older news than what is known is ignored. */
  observed(pod: Pod): void;
  /** The API no longer has this object. */
  gone(ref: PodRef): void;
  /** The kubelet has done with the pod. */
  forget(uid: PodUid): void;
  /** The API answers again: whatever waits for its next try is tried now. */
  apiReachable(): void;
  /** Whether the pod can be deleted from the API now: deletion asked for, nothing left on the node, final phase shown. */
  canBeDeleted(uid: PodUid): boolean;
  writeState(uid: PodUid): WriteState | undefined;
  /** Resolves when all that can be written has been, e.g. before the node shuts down. A static pod without a mirror is not waited for. */
  onIdle(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Starts the writes. When the signal aborts, requests are aborted; it resolves when they have ended. Runs once. */
  run(signal: AbortSignal): Promise<void>;
}

/** The worker's object may be older than what the watch told; only that its deletion is asked for never gets old. */
const newerOf = (known: ApiView | undefined, next: ApiView): ApiView => {
  if (known === undefined) return next;
  if (next.version !== undefined && !isOlder(next, known)) return next;
  return { ...known, isDeleting: known.isDeleting || next.isDeleting };
};

const laneOf = (engine: WriterEngine, pod: Pod): Lane => {
  const { uid } = podRef(pod);
  const lane = engine.lanes.get(uid) ?? createLane(pod);
  engine.lanes.set(uid, lane);
  return lane;
};

const publish = (
  engine: WriterEngine,
  pod: Pod,
  { status, couldHaveRunningContainers }: PublishedStanding & { readonly status: PodStatus },
): void => {
  const { clock, logger, metrics } = engine.settings;
  const lane = laneOf(engine, pod);
  lane.pod = pod;
  if (isClosed(lane)) return;
  if (!lane.isStatic) lane.view ??= viewOf(pod);
  const before = lane.published;
  if (before?.couldHaveRunningContainers === couldHaveRunningContainers && isDeepStrictEqual(before.status, status)) return;
  const known = before?.status ?? currentView(engine, lane)?.status ?? {};
  const revived = findRevivedContainer(pod, known, status);
  if (revived !== undefined) {
    logger.error("status of a pod is refused: a container that ended for good lives again", { podUid: lane.uid, container: revived });
    return;
  }
  countTerminations(metrics, known, status);
  const atMs = clock.monotonicMs();
  lane.published = { status, couldHaveRunningContainers, atMs };
  lane.acknowledgedBy = undefined;
  lane.accepted = undefined;
  lane.pendingSinceMs ??= atMs;
  consider(engine, lane);
};

const finish = (engine: WriterEngine, pod: Pod): void => {
  const lane = laneOf(engine, pod);
  lane.pod = pod;
  if (isClosed(lane)) return;
  lane.isFinished = true;
  if (!lane.isStatic) adoptView(engine, lane, newerOf(lane.view, viewOf(pod)));
  // Whatever the worker said before: nothing runs any more, so the final phase need not wait.
  if (lane.published?.couldHaveRunningContainers === true) {
    lane.published = { ...lane.published, couldHaveRunningContainers: false };
    lane.acknowledgedBy = undefined;
    lane.pendingSinceMs ??= engine.settings.clock.monotonicMs();
  }
  consider(engine, lane);
};

const observe = (engine: WriterEngine, pod: Pod): void => {
  if (isMirrorPod(pod)) {
    const name = podFullName(podRef(pod));
    if (!engine.mirrors.set(pod)) return;
    for (const lane of engine.lanes.values()) if (lane.isStatic && podFullName(lane.ref) === name) consider(engine, lane);
    return;
  }
  const lane = laneOf(engine, pod);
  const view = viewOf(pod);
  if (lane.view !== undefined && isOlder(view, lane.view)) return;
  // It was said to be gone, and here is a newer version of it.
  if (lane.state === "gone" && lane.view?.version !== view.version) lane.state = "idle";
  adoptView(engine, lane, view);
  consider(engine, lane);
};

const forgetObject = (engine: WriterEngine, ref: PodRef): void => {
  const { lanes, mirrors, timers } = engine;
  mirrors.delete(ref);
  const lane = lanes.get(ref.uid);
  if (lane === undefined) return;
  timers.cancel(ref.uid);
  if (lane.published === undefined) lanes.delete(ref.uid);
  if (!lane.isStatic && lane.state !== "deleted") lane.state = "gone";
  tellIdle(engine);
};

const describe = (engine: WriterEngine, lane: Lane): WriteState => {
  const { state, failures, lastError, published, acknowledgedBy } = lane;
  const target = published === undefined ? undefined : currentView(engine, lane)?.ref.uid;
  const isShown = target !== undefined && acknowledgedBy === target;
  return { state, failures, hasTarget: target !== undefined, isShown, ...(lastError === undefined ? {} : { lastError }) };
};

/** Creates a writer of no pods; nothing is sent before `run`. */
export const createStatusWriter = (ports: StatusWriterPorts, options: StatusWriterOptions = {}): StatusWriter => {
  const engine = createEngine(ports.api, writerSettingsOf(options));
  const { lanes, timers } = engine;
  return {
    publish: (pod, status, standing) => publish(engine, pod, { ...standing, status }),
    finished: (pod) => finish(engine, pod),
    observed: (pod) => observe(engine, pod),
    gone: (ref) => forgetObject(engine, ref),
    forget(uid) {
      timers.cancel(uid);
      lanes.delete(uid);
      tellIdle(engine);
    },
    apiReachable() {
      for (const lane of lanes.values()) if (lane.failures > 0) wakeWaiting(engine, lane.uid);
    },
    canBeDeleted(uid) {
      const lane = lanes.get(uid);
      const view = lane === undefined ? undefined : currentView(engine, lane);
      return lane !== undefined && view !== undefined && isDeletable(lane, view);
    },
    writeState(uid) {
      const lane = lanes.get(uid);
      return lane === undefined ? undefined : describe(engine, lane);
    },
    async onIdle({ signal } = {}) {
      signal?.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      engine.idleWaiters.add(resolve);
      tellIdle(engine);
      try {
        await raceSignal(promise, signal);
      } finally {
        engine.idleWaiters.delete(resolve);
      }
    },
    async run(signal) {
      await engine.slots.run(signal);
      timers[Symbol.dispose]();
    },
  };
};
