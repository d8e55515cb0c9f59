import { isStaticPod, podRef } from "@nk/pod-model";
import type { Pod, PodRef, PodStatus, PodUid } from "@nk/pod-model";
import { isFinal } from "../phase.ts";
import type { ApiView } from "./api-view.ts";
import { mergeStatus } from "./merge-status.ts";
import { isSameByKubelet } from "./same-status.ts";

/** The newest status that was published of a pod. */
export interface Published {
  readonly status: PodStatus;
  readonly couldHaveRunningContainers: boolean;
  /** Monotonic. */
  readonly atMs: number;
}

/**
 * Where a lane is. `waiting`: for the time of its next try. `gone`: the API has no such pod any more. `deleted`: the API has taken the
 * request to delete it. Of the last two nothing more is written.
 */
export type LaneState = "idle" | "queued" | "busy" | "waiting" | "gone" | "deleted";

/** Nothing more is to be written of it. */
export const isClosed = ({ state }: Lane): boolean => state === "gone" || state === "deleted";

/** One pod's way to the API. Only status-writer.ts and attempt.ts write to it. */
export interface Lane {
  readonly uid: PodUid;
  readonly ref: PodRef;
  pod: Pod;
  readonly isStatic: boolean;
  state: LaneState;
  published: Published | undefined;
  /** Monotonic time of the oldest change that the API does not show yet. */
  pendingSinceMs: number | undefined;
  /** The UID of the API's object that shows what was published last; undefined while none does. */
  acknowledgedBy: PodUid | undefined;
  /** The object of the API; of a static pod it is the mirror's, which is kept elsewhere. */
  view: ApiView | undefined;
  /** A write failed in a way that leaves open whether it was done. */
  isDoubtful: boolean;
  /** What the API answered to a repair and would not have otherwise; as long as it shows that, there is nothing to repair. */
  accepted: PodStatus | undefined;
  /** Nothing of the pod is left on the node. */
  isFinished: boolean;
  wasReady: boolean;
  failures: number;
  lastError: unknown;
  /** Writes, one after another, of a status that was shown already and overwritten. */
  reconciles: number;
  /** Monotonic; not before it is an overwritten status written again. */
  reconcileAtMs: number;
}

/** A lane of which nothing was published. */
export const createLane = (pod: Pod): Lane => {
  const ref = podRef(pod);
  return {
    uid: ref.uid,
    ref,
    pod,
    isStatic: isStaticPod(pod),
    state: "idle",
    published: undefined,
    pendingSinceMs: undefined,
    acknowledgedBy: undefined,
    view: undefined,
    isDoubtful: false,
    accepted: undefined,
    isFinished: false,
    wasReady: false,
    failures: 0,
    lastError: undefined,
    reconciles: 0,
    reconcileAtMs: 0,
  };
};

/** What a lane should do next. */
export type Step =
  | { readonly type: "none" }
  | { readonly type: "wait"; readonly untilMs: number }
  /** The API shows it already. */
  | { readonly type: "acknowledge"; readonly view: ApiView }
  | { readonly type: "patch"; readonly view: ApiView; readonly merged: PodStatus; readonly isUrgent: boolean; readonly isRepair: boolean }
  /** The API's object must be read before it can be said that nothing is to be written. */
  | { readonly type: "read"; readonly view: ApiView }
  | { readonly type: "delete"; readonly view: ApiView };

/** Whether a status says that the pod is ready. */
export const isReady = (status: PodStatus): boolean =>
  status.conditions?.some((one) => one.type === "Ready" && one.status === "True") === true;

/** What people and controllers wait for: running, ready for the first time, ended. */
const isUrgent = (lane: Lane, shown: PodStatus, merged: PodStatus): boolean =>
  (merged.phase === "Running" && shown.phase !== "Running") ||
  (isFinal(merged.phase) && !isFinal(shown.phase)) ||
  (isReady(merged) && !isReady(shown) && !lane.wasReady);

/** A timer may ring a little early: waiting again for less than this would only be a busy loop. */
const CLOCK_SLACK_MS = 1;

const decideWrite = (lane: Lane, view: ApiView, nowMs: number): Step => {
  const { published } = lane;
  if (published === undefined) return { type: "none" };
  const merged = mergeStatus(view.status, published.status, { ...published, isMirror: lane.isStatic });
  const isShown = isSameByKubelet(view.status, merged);
  const isRepair = lane.acknowledgedBy === view.ref.uid;
  if (!isShown) {
    // E.g. an older API server that does not know a field: asking again and again changes nothing.
    if (isRepair && lane.accepted !== undefined && isSameByKubelet(view.status, lane.accepted)) return { type: "none" };
    if (isRepair && lane.reconcileAtMs - nowMs >= CLOCK_SLACK_MS) return { type: "wait", untilMs: lane.reconcileAtMs };
    return { type: "patch", view, merged, isUrgent: !isRepair && isUrgent(lane, view.status, merged), isRepair };
  }
  if (lane.isDoubtful) return { type: "read", view };
  return isRepair ? { type: "none" } : { type: "acknowledge", view };
};

/**
 * Whether the pod can be deleted from the API: its deletion was asked for, nothing of it is left on the node, and the API shows its final
 * phase. A mirror pod is deleted by whoever made it.
 */
export const isDeletable = (lane: Lane, view: ApiView): boolean =>
  lane.isFinished && !lane.isStatic && view.isDeleting && isFinal(view.status.phase);

/** Decides what a lane should do, from what was published and what the API shows. Pure. */
export const decideStep = (lane: Lane, view: ApiView | undefined, nowMs: number): Step => {
  if (isClosed(lane) || view === undefined) return { type: "none" };
  const step = decideWrite(lane, view, nowMs);
  if (step.type !== "none" && step.type !== "wait") return step;
  return isDeletable(lane, view) ? { type: "delete", view } : step;
};
