import type { AdmitResult, Pod } from "@nk/pod-model";
import { enter, forget, stop } from "./machine.ts";
import type { Engine } from "./machine.ts";
import { rejectionLabel } from "./metrics.ts";
import { holdsResources } from "./worker.ts";
import type { Worker } from "./worker.ts";

/** Asks the admission port about one pod at a time, so that two pods never count on the same free resources. */
export interface AdmissionQueue {
  add(worker: Worker): void;
  /** Asks on; called when passes may start. */
  pump(): void;
  /** Resolves when no question is under way. */
  onIdle(): Promise<void>;
}

/** Its containers start when this one's have ended: they never hold resources together. */
const isReplacedBy = (worker: Worker, asking: Worker | undefined): boolean =>
  asking?.gate !== undefined && worker.fullName === asking.fullName && worker.state.kind === "terminating";

/** Pods that hold resources, without `asking` and without the one it replaces. */
export const listActivePods = (engine: Engine, asking?: Worker): readonly Pod[] =>
  [...engine.workers.values()].flatMap((worker) =>
    worker !== asking && holdsResources(worker) && worker.target.type === "pod" && !isReplacedBy(worker, asking) ? [worker.target.pod] : [],
  );

const ask = async (engine: Engine, worker: Worker, pod: Pod): Promise<AdmitResult> => {
  try {
    return await engine.ports.admission.admit(pod, listActivePods(engine, worker));
  } catch (error) {
    engine.settings.logger.error("admission of a pod failed", { podUid: worker.uid, error });
    const message = error instanceof Error ? error.message : String(error);
    return { admit: false, reason: "UnexpectedAdmissionError", message: `Admission failed due to ${message}, which is unexpected` };
  }
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

/** Creates an empty queue; it holds no more than the workers that are admitting. */
export const createAdmissionQueue = (engine: Engine): AdmissionQueue => {
  const queue: Worker[] = [];
  let asking: Promise<void> | undefined;

  const drain = async (): Promise<void> => {
    while (engine.isRunning) {
      const worker = queue.shift();
      if (worker === undefined) return;
      if (worker.state.kind !== "admitting" || worker.target.type !== "pod") continue;
      const { pod } = worker.target;
      const result = await ask(engine, worker, pod);
      // Typed anew, because the state may have changed while the port was asked.
      const now = worker as Worker;
      if (!engine.isRunning || now.state.kind !== "admitting" || engine.workers.get(now.uid) !== now) continue;
      if (result.admit) enter(engine, now, { kind: "syncing" });
      else reject(engine, now, { pod, result });
    }
  };
  const pump = (): void => {
    if (asking !== undefined || queue.length === 0 || !engine.isRunning) return;
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
