import { hasNoChanges, listResourceChanges, podResourcesOf, withPodResources } from "@nk/pod-model";
import type { Pod, PodUid } from "@nk/pod-model";
import { advance, wake } from "../machine.ts";
import type { Engine } from "../machine.ts";
import type { ResizeReport } from "../ports.ts";
import type { Worker } from "../worker.ts";
import type { Allocation } from "./checkpoint.ts";
import { allocationShown, pendingShown } from "./known-allocation.ts";
import { computeLargerResources } from "./larger-resources.ts";
import { countRequests, measureResizes } from "./measure.ts";
import { resizeEventMessage } from "./messages.ts";
import type { ResizeNews } from "./messages.ts";
import { joinChanges, NO_RESIZE, withoutPending, withoutProgress, withPending } from "./pod-resize.ts";
import type { PodResize } from "./pod-resize.ts";

const EVENTS = {
  started: { type: "Normal", reason: "ResizeStarted" },
  completed: { type: "Normal", reason: "ResizeCompleted" },
  error: { type: "Warning", reason: "ResizeError" },
  Deferred: { type: "Warning", reason: "ResizeDeferred" },
  Infeasible: { type: "Warning", reason: "ResizeInfeasible" },
} as const;

interface ResizeEvent {
  readonly what: ResizeNews;
  /** What the message calls it; default `what`. A refusal by admission is called by admission's own reason, e.g. `OutOfcpu`. */
  readonly told?: string;
  readonly pod: Pod;
  readonly generation: number;
  readonly error?: string;
}

const record = (engine: Engine, worker: Worker, news: ResizeEvent): void => {
  const { what, told = what, pod, ...rest } = news;
  engine.ports.events?.record({ ref: worker.ref, ...EVENTS[what], message: resizeEventMessage(told, pod, rest) });
  engine.decisions.add(worker.uid, `resize ${what}${news.error === undefined ? "" : `: ${news.error}`}`);
};

const generationOf = (pod: Pod): number => pod.metadata?.generation ?? 0;

/** The one place where it changes. */
const setResize = (engine: Engine, worker: Worker, resize: PodResize): void => {
  worker.resize = Object.keys(resize).length === 0 ? NO_RESIZE : resize;
  measureResizes(engine);
};

const clearPending = (engine: Engine, worker: Worker): void => {
  worker.wanted = undefined;
  engine.resizes.pending.delete(worker);
  if (worker.resize.pending !== undefined) setResize(engine, worker, withoutPending(worker.resize));
};

/** A pod that an earlier kubelet ran keeps what that one had given it, until its resize is judged. */
export const restoreAllocation = (engine: Engine, worker: Worker): void => {
  const { resizes, settings } = engine;
  if (worker.target.type !== "pod" || worker.isStatic) return;
  const { pod } = worker.target;
  const known = resizes.allocations.get(worker.uid);
  const resources = known?.resources ?? allocationShown(pod);
  if (resources === undefined) return;
  const { inProgress } = known ?? {};
  if (inProgress !== undefined) setResize(engine, worker, { inProgress: { ...inProgress, sinceMs: inProgress.acceptedAtMs } });
  const allocated = withPodResources(pod, resources);
  if (allocated === pod) return;
  worker.target = { type: "pod", pod: allocated };
  worker.wanted = pod;
  resizes.allocations.set(worker.uid, { ...known, resources });
  resizes.pending.add(worker);
  resizes.due ??= "pods_added";
  setResize(engine, worker, { ...worker.resize, ...pendingShown(pod, settings.clock.nowMs()) });
};

/** Takes the source's newest version of a pod. It keeps what it was given; what else it asks for is judged in its turn. */
export const takeVersion = (engine: Engine, worker: Worker, pod: Pod): void => {
  const { target, state } = worker;
  const isAdmitted = state.kind !== "admitting" && state.kind !== "waiting";
  if (target.type !== "pod" || worker.isStatic || !isAdmitted) {
    worker.target = { type: "pod", pod };
    clearPending(engine, worker);
    if (!isAdmitted) restoreAllocation(engine, worker);
    return;
  }
  const known = worker.wanted ?? target.pod;
  const asked = listResourceChanges(known, pod);
  if (!hasNoChanges(asked)) countRequests(engine, known, pod);
  giveVersion(engine, worker, { pod, allocated: target.pod, isNews: !hasNoChanges(asked) });
};

const giveVersion = (
  engine: Engine,
  worker: Worker,
  given: { readonly pod: Pod; readonly allocated: Pod; readonly isNews: boolean },
): void => {
  const { pod, allocated, isNews } = given;
  const { resizes } = engine;
  if (hasNoChanges(listResourceChanges(allocated, pod))) {
    worker.target = { type: "pod", pod };
    clearPending(engine, worker);
    return;
  }
  const resources = podResourcesOf(allocated);
  worker.target = { type: "pod", pod: withPodResources(pod, resources) };
  worker.wanted = pod;
  if (!isNews || (worker.state.kind !== "syncing" && worker.state.kind !== "admitting")) return;
  if (!resizes.allocations.has(worker.uid)) resizes.allocations.set(worker.uid, { resources });
  resizes.pending.add(worker);
  resizes.due = "pod_updated";
};

/** What was asked for may have changed while admission thought about it: what it admitted is what the pod is given. */
export const admittedAs = (engine: Engine, worker: Worker, asked: Pod): void => {
  if (worker.target.type !== "pod" || worker.target.pod === asked) return;
  giveVersion(engine, worker, { pod: worker.wanted ?? worker.target.pod, allocated: asked, isNews: true });
};

/** What was not kept is not given. The pod may be gone, and the resize before may have been completed meanwhile. */
const takeBack = (engine: Engine, worker: Worker, known: Allocation | undefined): void => {
  const { allocations } = engine.resizes;
  if (known === undefined || engine.workers.get(worker.uid) !== worker) allocations.delete(worker.uid);
  else allocations.set(worker.uid, worker.resize.inProgress === undefined ? { resources: known.resources } : known);
};

/** The pod gets what it asks for, once that is kept where it survives a crash. Rejects when it cannot be. */
const accept = async (engine: Engine, worker: Worker, wanted: Pod): Promise<void> => {
  const { resizes, settings } = engine;
  if (worker.target.type !== "pod") return;
  const before = worker.target.pod;
  const earlier = worker.resize.inProgress;
  const acceptedAtMs = Math.max(settings.clock.nowMs(), (earlier?.acceptedAtMs ?? 0) + 1);
  const changed = listResourceChanges(before, wanted);
  const changes = earlier === undefined ? changed : joinChanges(earlier.changes, changed);
  const generation = generationOf(wanted);
  const resources = podResourcesOf(wanted);
  const had = podResourcesOf(before);
  const inProgress = {
    acceptedAtMs,
    generation,
    changes,
    before: earlier === undefined ? had : computeLargerResources(had, earlier.before),
  };
  const known = resizes.allocations.get(worker.uid);
  resizes.allocations.set(worker.uid, { resources, inProgress });
  try {
    await resizes.save();
  } catch (error) {
    takeBack(engine, worker, known);
    throw error;
  }
  if (engine.workers.get(worker.uid) !== worker || worker.target.type !== "pod") return;
  setResize(engine, worker, { ...withoutPending(worker.resize), inProgress: { ...inProgress, sinceMs: acceptedAtMs } });
  // A newer version may have come in meanwhile; what is given is what was judged.
  const newest = worker.wanted ?? worker.target.pod;
  giveVersion(engine, worker, { pod: newest, allocated: withPodResources(newest, resources), isNews: newest !== wanted });
  record(engine, worker, { what: "started", pod: wanted, generation });
  if (worker.state.kind !== "syncing") return;
  worker.isDue = true;
  advance(engine, worker);
};

/** The pod is not given what it asks for, now or ever. */
const postpone = (engine: Engine, worker: Worker, refusal: { wanted: Pod; reason: string; message: string }): void => {
  const { wanted, message } = refusal;
  const reason = refusal.reason === "Infeasible" ? "Infeasible" : "Deferred";
  const generation = generationOf(wanted);
  const before = worker.resize.pending;
  const judgedAtMs = engine.settings.clock.nowMs();
  if (reason === "Infeasible") engine.resizes.pending.delete(worker);
  if (before?.reason === reason && before.generation === generation && before.message === message) return;
  setResize(engine, worker, withPending(worker.resize, { reason, message, generation, judgedAtMs }));
  if (before?.reason !== reason || before.generation !== generation)
    record(engine, worker, { what: reason, told: refusal.reason, pod: wanted, generation, error: message });
  engine.resizes.saveSoon();
  wake(engine, worker, `its resize is ${reason}`);
};

/** How the admission port judges a resize. */
export type JudgeResize = (
  worker: Worker,
  wanted: Pod,
  allocated: Pod,
) => Promise<{ admit: true } | { admit: false; reason: string; message: string }>;

/** Tries one resize that waits. */
export const reviewResize = async (engine: Engine, worker: Worker, options: { judge: JudgeResize; cause: string }): Promise<void> => {
  const { resizes, settings } = engine;
  const { wanted, target } = worker;
  // It waits for room: whatever makes room for the pod has its resize tried after it.
  if (worker.state.kind === "admitting") return;
  if (wanted === undefined || target.type !== "pod" || worker.state.kind !== "syncing" || engine.workers.get(worker.uid) !== worker) {
    resizes.pending.delete(worker);
    return;
  }
  const wasDeferred = worker.resize.pending?.reason === "Deferred";
  const answer = await options.judge(worker, wanted, target.pod);
  // Typed anew, because the worker may have changed while the port was asked.
  const now = worker as Worker;
  if (!engine.isRunning || now.state.kind !== "syncing" || now.wanted === undefined) return;
  if (now.wanted !== wanted && !hasNoChanges(listResourceChanges(now.wanted, wanted))) return;
  if (!answer.admit) return postpone(engine, worker, { wanted, reason: answer.reason, message: answer.message });
  try {
    await accept(engine, worker, wanted);
    if (wasDeferred) settings.metrics.deferredAccepted.inc({ retry_trigger: options.cause });
  } catch (error) {
    settings.logger.error("resize of a pod cannot be kept", { podUid: worker.uid, error });
    if (engine.workers.get(worker.uid) !== worker) return;
    resizes.unkept.add(worker);
    postpone(engine, worker, { wanted, reason: "Deferred", message: "the kubelet cannot keep what the pod is given" });
  }
};

/** A pass tells that the containers have what the pod was given, or why not. */
export const settleResize = (engine: Engine, worker: Worker, report: ResizeReport): void => {
  const { resizes, settings } = engine;
  const { inProgress } = worker.resize;
  if (inProgress === undefined || inProgress.acceptedAtMs !== report.acceptedAtMs || worker.target.type !== "pod") return;
  const { generation } = inProgress;
  const { pod } = worker.target;
  if (report.error === inProgress.error && report.error !== undefined) return;
  // One more pass, to tell it. Other words for a failure are told by the next try, which they must not hasten: they may name what is used.
  if (report.error === undefined || inProgress.error === undefined) worker.isDue = true;
  if (report.error === undefined) {
    setResize(engine, worker, withoutProgress(worker.resize));
    const kept = resizes.allocations.get(worker.uid)?.inProgress;
    // The next resize may just be being kept.
    if (kept === undefined || kept.acceptedAtMs === report.acceptedAtMs)
      resizes.allocations.set(worker.uid, { resources: podResourcesOf(pod) });
    resizes.saveSoon();
    record(engine, worker, { what: "completed", pod, generation });
    engine.onRoomFreed("pod_resized");
    return;
  }
  const sinceMs = inProgress.error === undefined ? settings.clock.nowMs() : inProgress.sinceMs;
  setResize(engine, worker, { ...worker.resize, inProgress: { ...inProgress, error: report.error, sinceMs } });
  record(engine, worker, { what: "error", pod, generation, error: report.error });
};

/** Nothing of the pod is left. */
export const forgetResize = (engine: Engine, worker: Worker): void => {
  const { resizes } = engine;
  resizes.pending.delete(worker);
  resizes.unkept.delete(worker);
  if (resizes.allocations.delete(worker.uid)) resizes.saveSoon();
  if (worker.resize !== NO_RESIZE) setResize(engine, worker, NO_RESIZE);
};

/** Every source has reported: what was kept of pods that no longer exist is of no use. */
export const pruneAllocations = (engine: Engine, isDesired: (uid: PodUid) => boolean): void => {
  const { allocations } = engine.resizes;
  const gone = [...allocations.keys()].filter((uid) => !isDesired(uid) && !engine.workers.has(uid));
  for (const uid of gone) allocations.delete(uid);
  if (gone.length > 0) engine.resizes.saveSoon();
};
