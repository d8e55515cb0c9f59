import type { PodWorkersPorts, SyncAnswer } from "./ports.ts";
import { computeWork } from "./worker.ts";
import type { PassKind, Worker } from "./worker.ts";

/** What a pass came to. */
export type PassOutcome =
  | { readonly type: "synced"; readonly answer: SyncAnswer }
  /** Its status says that it has ended for good. */
  | { readonly type: "ended" }
  | { readonly type: "stopped" }
  | { readonly type: "cleaned"; readonly isRemoved: boolean };

/** What a pass is run with. */
export interface PassOptions {
  readonly ports: PodWorkersPorts;
  readonly signal: AbortSignal;
  /** Told when a terminating pod has no running container any more; what else there is to stop waits for it. */
  readonly onContainersStopped: () => Promise<void>;
}

const runSync = async (worker: Worker, { ports, signal }: PassOptions): Promise<PassOutcome> => {
  if (worker.target.type === "orphan") return { type: "ended" };
  const { pod } = worker.target;
  const { terminal } = await ports.status.publish(pod, computeWork(worker));
  signal.throwIfAborted();
  if (terminal) return { type: "ended" };
  const { inProgress } = worker.resize;
  return {
    type: "synced",
    answer: await ports.runtime.sync(pod, {
      signal,
      ...(worker.gate === undefined ? {} : { mayStart: worker.gate.promise }),
      ...(inProgress === undefined ? {} : { resize: { acceptedAtMs: inProgress.acceptedAtMs, changes: inProgress.changes } }),
    }),
  };
};

const runTerminate = async (worker: Worker, { ports, signal, onContainersStopped }: PassOptions): Promise<PassOutcome> => {
  const { state, target } = worker;
  const gracePeriodSeconds = state.kind === "terminating" ? state.graceSeconds : 1;
  if (target.type === "orphan") {
    await ports.runtime.terminateOrphan(target.runtimePod, { gracePeriodSeconds, signal });
    return { type: "stopped" };
  }
  await ports.status.publish(target.pod, computeWork(worker));
  signal.throwIfAborted();
  const reason = state.kind === "terminating" && state.cause.type === "killed" ? { reason: state.cause.kill.reason } : {};
  await ports.runtime.terminate(target.pod, { gracePeriodSeconds, signal, onContainersStopped, ...reason });
  return { type: "stopped" };
};

const runCleanUp = async (worker: Worker, { ports, signal }: PassOptions): Promise<PassOutcome> => {
  const { target } = worker;
  if (target.type === "orphan") {
    await ports.runtime.cleanUpOrphan(target.runtimePod, { signal });
    return { type: "cleaned", isRemoved: true };
  }
  await ports.status.publish(target.pod, computeWork(worker));
  signal.throwIfAborted();
  const isRemoved = !worker.isDesired;
  await ports.runtime.cleanUp(target.pod, isRemoved ? { signal, isRemoved } : { signal });
  return { type: "cleaned", isRemoved };
};

const PASSES = { sync: runSync, terminate: runTerminate, cleanUp: runCleanUp } as const;

/** Runs one pass of a worker through the ports; it reads the worker and changes nothing of it. */
export const runPass = (kind: PassKind, worker: Worker, options: PassOptions): Promise<PassOutcome> => PASSES[kind](worker, options);
