import { podResourcesOf, withPodResources } from "@nk/pod-model";
import type { AdmitResult, Pod, PodUid } from "@nk/pod-model";
import { computeLargerResources } from "./allocation/larger-resources.ts";
import { orderResizes } from "./allocation/pending-order.ts";
import { admittedAs, reviewResize } from "./allocation/resizes.ts";
import type { JudgeResize } from "./allocation/resizes.ts";
import { enter, forget, stop } from "./machine.ts";
import type { Engine } from "./machine.ts";
import { rejectionLabel } from "./metrics.ts";
import type { AdmissionAnswer } from "./ports.ts";
import { holdsResources } from "./worker.ts";
import type { Worker } from "./worker.ts";

/** Asks the admission port about one pod at a time, so that two pods never count on the same free resources. */
export interface AdmissionQueue {
  add(worker: Worker): void;
  /** Asks on; called when passes may start, and when a resize is to be tried. */
  pump(): void;
  /** Asks again for who waits for room; `cause` is why there is more. */
  roomFreed(cause: string): void;
  /** Resolves when no question is under way. */
  onIdle(): Promise<void>;
}

/** Its containers start when this one's have ended: they never hold resources together. */
const isReplacedBy = (worker: Worker, asking: Worker | undefined): boolean =>
  asking?.gate !== undefined && worker.fullName === asking.fullName && worker.state.kind === "terminating";

interface Occupants {
  readonly pods: readonly Pod[];
  readonly leaving: ReadonlySet<PodUid>;
}

/** A pod that was given less than it had holds the difference until its containers have given it back. */
const heldPod = ({ resize }: Worker, pod: Pod): Pod => {
  const before = resize.inProgress?.before;
  return before === undefined ? pod : withPodResources(pod, computeLargerResources(podResourcesOf(pod), before));
};

const listOccupants = (engine: Engine, asking?: Worker): Occupants => {
  const pods: Pod[] = [];
  const leaving = new Set<PodUid>();
  for (const worker of engine.workers.values()) {
    if (worker === asking || !holdsResources(worker) || worker.target.type !== "pod" || isReplacedBy(worker, asking)) continue;
    pods.push(heldPod(worker, worker.target.pod));
    if (worker.state.kind === "terminating") leaving.add(worker.uid);
  }
  return { pods, leaving };
};

/** Pods that hold resources. */
export const listActivePods = (engine: Engine): readonly Pod[] => listOccupants(engine).pods;

const ask = async (engine: Engine, worker: Worker, given: { readonly pod: Pod; readonly allocated?: Pod }): Promise<AdmissionAnswer> => {
  const { pod, ...resized } = given;
  try {
    const { pods, leaving } = listOccupants(engine, worker);
    return await engine.ports.admission.admit(pod, pods, { leaving, ...resized });
  } catch (error) {
    engine.settings.logger.error("admission of a pod failed", { podUid: worker.uid, error });
    const message = error instanceof Error ? error.message : String(error);
    return { admit: false, reason: "UnexpectedAdmissionError", message: `Admission failed due to ${message}, which is unexpected` };
  }
};

/** A resize has no later of its own: it is tried again whenever room appears. */
const judgeResize =
  (engine: Engine): JudgeResize =>
  async (worker, wanted, allocated) => {
    const answer = await ask(engine, worker, { pod: wanted, allocated });
    return answer.admit === "later" ? { admit: false, reason: "Deferred", message: "other pods are being stopped" } : answer;
  };

const reject = (
  engine: Engine,
  worker: Worker,
  options: { readonly pod: Pod; readonly result: AdmitResult & { readonly admit: false } },
): void => {
  const { pod, result } = options;
  engine.settings.metrics.admissionRejections.inc({ reason: rejectionLabel(result.reason) });
  try {
    engine.ports.status.rejected(pod, result);
  } catch (error) {
    engine.settings.logger.error("report of a rejected pod failed", { podUid: worker.uid, error });
  }
  const cause = { type: "rejected", result } as const;
  // Containers of an earlier kubelet may run although this one would not start them.
  if (engine.ports.runtime.hasRunning(worker.uid) === true) stop(engine, worker, { cause });
  else enter(engine, worker, { kind: "finished", cause });
};

const isAsking = (engine: Engine, worker: Worker): boolean =>
  worker.state.kind === "admitting" && engine.workers.get(worker.uid) === worker;

/** Asks about one new pod; false when it has to wait for others to end. */
const admitOne = async (engine: Engine, worker: Worker): Promise<boolean> => {
  if (!isAsking(engine, worker) || worker.target.type !== "pod") return true;
  const { pod } = worker.target;
  const result = await ask(engine, worker, { pod });
  // Typed anew, because the state may have changed while the port was asked.
  const now = worker as Worker;
  if (!engine.isRunning || !isAsking(engine, now)) return true;
  if (result.admit === "later") return false;
  if (!result.admit) {
    reject(engine, now, { pod, result });
    return true;
  }
  admittedAs(engine, now, pod);
  enter(engine, now, { kind: "syncing" });
  return true;
};

const listInOrder = (engine: Engine): readonly Worker[] => {
  const waiting = [...engine.resizes.pending].flatMap((worker) =>
    worker.wanted === undefined || worker.target.type !== "pod"
      ? []
      : [{ worker, allocated: worker.target.pod, wanted: worker.wanted, deferredSinceMs: worker.resize.pending?.sinceMs }],
  );
  try {
    return orderResizes(waiting).map(({ worker }) => worker);
  } catch (error) {
    engine.settings.logger.warn("resizes that wait cannot be put in order", { error });
    return waiting.map(({ worker }) => worker);
  }
};

/** Tries the resizes that wait, until a new pod comes: that one goes first. */
const reviewResizes = async (engine: Engine, hasNewPods: () => boolean): Promise<void> => {
  const { resizes } = engine;
  const cause = resizes.due ?? "";
  resizes.due = undefined;
  const judge = judgeResize(engine);
  for (const worker of listInOrder(engine)) {
    if (!engine.isRunning) return;
    if (hasNewPods()) {
      resizes.due ??= cause;
      return;
    }
    await reviewResize(engine, worker, { judge, cause });
  }
};

/** Creates an empty queue; it holds no more than the workers that are admitting. No resize is tried before every source has reported. */
export const createAdmissionQueue = (engine: Engine, isReady: () => boolean): AdmissionQueue => {
  const { resizes } = engine;
  const queue: Worker[] = [];
  let waiting: readonly Worker[] = [];
  let timesFreed = 0;
  let asking: Promise<void> | undefined;

  const hasReviews = (): boolean => resizes.due !== undefined && resizes.pending.size > 0 && isReady();
  const drain = async (): Promise<void> => {
    while (engine.isRunning) {
      const before = timesFreed;
      const worker = queue.shift();
      if (worker === undefined) {
        if (!hasReviews()) return;
        await reviewResizes(engine, () => queue.length > 0);
      } else if (!(await admitOne(engine, worker))) {
        // Room may have appeared while it was asked for: that nobody would tell any more.
        if (timesFreed === before) waiting = [...waiting.filter((one) => isAsking(engine, one)), worker];
        else queue.push(worker);
        engine.decisions.add(worker.uid, "waits for room: pods are being stopped");
      }
    }
  };
  const pump = (): void => {
    if (asking !== undefined || !engine.isRunning || (queue.length === 0 && !hasReviews())) return;
    asking = drain().finally(() => {
      asking = undefined;
      pump();
    });
  };
  return {
    add(worker) {
      queue.push(worker);
      pump();
    },
    pump,
    roomFreed(cause) {
      timesFreed += 1;
      queue.unshift(...waiting);
      waiting = [];
      if (resizes.pending.size > 0) resizes.due ??= cause;
      pump();
    },
    onIdle: async () => {
      await asking;
    },
  };
};

/** Ends a worker whose pod is not wanted and of which nothing was ever started by us. */
export const dropUnstarted = (engine: Engine, worker: Worker): void => {
  if (engine.ports.runtime.hasRunning(worker.uid) === true) stop(engine, worker, { cause: { type: "removed" } });
  else forget(engine, worker);
};
