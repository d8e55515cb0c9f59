import { podRef } from "@nk/pod-model";
import type { Pod, PodUid, PodUpdate, RuntimePod } from "@nk/pod-model";
import { dropUnstarted } from "./admission.ts";
import { restoreAllocation, takeVersion } from "./allocation/resizes.ts";
import type { AdmissionQueue } from "./admission.ts";
import { advance, enlist, enter, forget, markDesired, stop, stopAgain, tellFinished, wake } from "./machine.ts";
import type { Engine } from "./machine.ts";
import type { TerminationCause } from "./pod-work.ts";
import { createWorker } from "./worker.ts";
import type { Worker, WorkerState } from "./worker.ts";

/** What is needed to turn differences of the sources into work. */
export interface Delivery {
  readonly engine: Engine;
  readonly admission: AdmissionQueue;
  readonly isReady: () => boolean;
  /** UIDs that a source gave up before every source had reported. */
  readonly deferredRemovals: Set<PodUid>;
}

const isPhaseFinal = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
const isDeleting = (pod: Pod): boolean => pod.metadata?.deletionTimestamp !== undefined;

/** Such a pod's sandbox cannot be made while another one has the port. */
const bindsHostPorts = (pod: Pod): boolean =>
  pod.spec?.hostNetwork !== true &&
  [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].some(
    ({ ports }) => ports?.some(({ hostPort }) => (hostPort ?? 0) > 0) === true,
  );

/** Another static pod has the name: what can be made ready is made ready while that one is being stopped. */
const awaitName = (delivery: Delivery, worker: Worker, pod: Pod): void => {
  if (bindsHostPorts(pod)) return enter(delivery.engine, worker, { kind: "waiting" });
  worker.gate = Promise.withResolvers();
  delivery.admission.add(worker);
};

/** Starts the machine of a UID that has none. */
export const startWorker = (delivery: Delivery, pod: Pod): void => {
  const { engine, admission } = delivery;
  const { clock } = engine.settings;
  const { uid } = podRef(pod);
  const start = (state: WorkerState, text: string): Worker => {
    const worker = createWorker({ target: { type: "pod", pod }, isDesired: true, state, nowMs: clock.nowMs() });
    enlist(engine, worker, text);
    return worker;
  };
  // Known to have ended and nothing runs: an earlier kubelet stopped it, and only its clean-up may be left.
  if (isPhaseFinal(pod) && engine.ports.runtime.hasRunning(uid) === false) {
    advance(engine, start({ kind: "terminated", cause: { type: "terminal" } }, "added, already ended"));
    return;
  }
  const worker = start({ kind: "admitting" }, "added");
  if (isDeleting(pod)) stop(engine, worker, { cause: { type: "deleted" } });
  else if (isPhaseFinal(pod)) stop(engine, worker, { cause: { type: "terminal" } });
  else {
    restoreAllocation(engine, worker);
    if (worker.isStatic && !engine.fullNames.join(worker.fullName, uid)) awaitName(delivery, worker, pod);
    else admission.add(worker);
  }
};

const addPod = (delivery: Delivery, pod: Pod): void => {
  const { engine, deferredRemovals } = delivery;
  const { uid } = podRef(pod);
  const worker = engine.workers.get(uid);
  if (worker === undefined) return startWorker(delivery, pod);
  if (deferredRemovals.delete(uid) || worker.isDesired) return updatePod(delivery, pod);
  // The old generation is on its way down; it is never revived.
  worker.next = pod;
  engine.decisions.add(uid, "wanted again: starts anew when this one is finished");
};

const updatePod = (delivery: Delivery, pod: Pod): void => {
  const { engine } = delivery;
  const worker = engine.workers.get(podRef(pod).uid);
  if (worker === undefined) return startWorker(delivery, pod);
  if (!worker.isDesired) {
    worker.next = pod;
    return;
  }
  takeVersion(engine, worker, pod);
  worker.isUpdated = true;
  if (worker.state.kind === "finished") return tellFinished(engine, worker);
  if (isDeleting(pod)) return stop(engine, worker, { cause: { type: "deleted" } });
  if (isPhaseFinal(pod) && worker.state.kind === "admitting") return stop(engine, worker, { cause: { type: "terminal" } });
  if (worker.state.kind !== "syncing") return;
  engine.decisions.add(worker.uid, "updated");
  worker.isDue = true;
  advance(engine, worker);
};

/**
 * A pod that its source still shows keeps containers and logs to be looked at, until the source gives it up. One that was rejected may have
 * those that an earlier kubelet made.
 */
const keepsRemains = ({ type }: TerminationCause): boolean => type !== "removed" && type !== "orphan";

/** The pod's source gave it up. */
export const removePod = (delivery: Delivery, uid: PodUid): void => {
  const { engine } = delivery;
  const worker = engine.workers.get(uid);
  if (worker === undefined) return;
  if (!delivery.isReady()) {
    delivery.deferredRemovals.add(uid);
    engine.decisions.add(uid, "removed; kept until every source has reported");
    return;
  }
  worker.next = undefined;
  if (!worker.isDesired) return;
  markDesired(engine, worker, false);
  switch (worker.state.kind) {
    case "admitting":
    case "waiting":
      return dropUnstarted(engine, worker);
    case "syncing":
      return stop(engine, worker, { cause: { type: "removed" } });
    case "terminating":
    case "terminated":
      engine.decisions.add(uid, "removed while it is being stopped");
      return;
    case "finished":
      return keepsRemains(worker.state.cause)
        ? enter(engine, worker, { kind: "terminated", cause: worker.state.cause })
        : forget(engine, worker);
  }
};

const reconcilePod = (delivery: Delivery, pod: Pod): void => {
  const { engine } = delivery;
  const worker = engine.workers.get(podRef(pod).uid);
  if (worker === undefined || !worker.isDesired) return;
  takeVersion(engine, worker, pod);
  if (worker.state.kind === "finished") return tellFinished(engine, worker);
  // Somebody else ended it, e.g. the pod garbage collector: what still runs of it is stopped, and nothing more is started. Of a pod on its
  // way down it is the echo of our own status.
  if (isPhaseFinal(pod)) return stop(engine, worker, { cause: { type: "terminal" } });
  if (engine.ports.status.reconcile?.(pod) === true) wake(engine, worker, "status changed at the source");
};

/** Turns one difference into work. */
export const deliver = (delivery: Delivery, update: PodUpdate): void => {
  switch (update.type) {
    case "add":
      return addPod(delivery, update.pod);
    case "update":
    case "delete":
      return updatePod(delivery, update.pod);
    case "remove":
      return removePod(delivery, podRef(update.pod).uid);
    case "reconcile":
      return reconcilePod(delivery, update.pod);
  }
};

const runsInList = (pod: RuntimePod): boolean =>
  pod.sandboxes.some((sandbox) => sandbox.state === "ready") || pod.containers.some((container) => container.state === "running");

/**
 * Stops and cleans up what nobody wants, also what no longer runs: the kubelet before may have died halfway through removing it. Call it
 * only when every source has reported.
 */
export const stopOrphans = (delivery: Delivery, listed: readonly RuntimePod[], isDesired: (uid: PodUid) => boolean): void => {
  const { engine } = delivery;
  for (const runtimePod of listed) {
    const worker = engine.workers.get(runtimePod.uid);
    if (worker?.state.kind === "finished" && runsInList(runtimePod) && engine.ports.runtime.hasRunning(runtimePod.uid) === true) {
      stopAgain(engine, worker);
      continue;
    }
    if (worker !== undefined || isDesired(runtimePod.uid)) continue;
    const { clock, metrics, orphanGracePeriodSeconds } = engine.settings;
    metrics.orphanedRuntimePods.inc();
    const state: WorkerState = { kind: "terminating", cause: { type: "orphan" }, graceSeconds: orphanGracePeriodSeconds };
    const orphan = createWorker({ target: { type: "orphan", runtimePod }, isDesired: false, state, nowMs: clock.nowMs() });
    // Whoever has its name waits: the old static pod of a file that changed while no kubelet ran must end first.
    engine.fullNames.hold(orphan.fullName, orphan.uid);
    enlist(engine, orphan, "found in the runtime only");
    advance(engine, orphan);
  }
};
