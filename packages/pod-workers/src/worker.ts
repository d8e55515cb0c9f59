import { podFullName, podRef } from "@nk/pod-model";
import type { Pod, PodFullName, PodRef, PodUid, RuntimePod } from "@nk/pod-model";
import { NO_RESIZE } from "./allocation/pod-resize.ts";
import type { PodResize } from "./allocation/pod-resize.ts";
import { isStaticPod } from "./desired-pods.ts";
import type { KillOutcome, PodWork, TerminationCause } from "./pod-work.ts";

/**
 * Where a worker is. `admitting` and `waiting` are shown as syncing: nothing was started yet. Only a pod that binds ports of the host waits
 * for its predecessor in `waiting`; others make their sandbox meanwhile and wait at their gate.
 */
export type WorkerState =
  | { readonly kind: "admitting" }
  | { readonly kind: "waiting" }
  | { readonly kind: "syncing" }
  | { readonly kind: "terminating"; readonly cause: TerminationCause; readonly graceSeconds: number }
  | { readonly kind: "terminated"; readonly cause: TerminationCause }
  | { readonly kind: "finished"; readonly cause: TerminationCause };

/** A source's pod, or one that only the runtime has. */
export type WorkerTarget = { readonly type: "pod"; readonly pod: Pod } | { readonly type: "orphan"; readonly runtimePod: RuntimePod };

export type PassKind = "sync" | "terminate" | "cleanUp";

export interface Pass {
  readonly kind: PassKind;
  readonly abort: AbortController;
  readonly startedMs: number;
  /** Resolves when it is over; never rejects. */
  done: Promise<void>;
}

/** One UID's machine. Only machine.ts writes to it, and what concerns resources allocation/resizes.ts. */
export interface Worker {
  readonly uid: PodUid;
  readonly ref: PodRef;
  readonly fullName: PodFullName;
  readonly isStatic: boolean;
  readonly createdMs: number;
  /** The newest version with what the pod was given; a pass that runs works on the version it started with. */
  target: WorkerTarget;
  /** The newest version as its source shows it, if it asks for other resources. */
  wanted: Pod | undefined;
  resize: PodResize;
  state: WorkerState;
  sinceMs: number;
  /** False when its source gave it up, and for orphans. */
  isDesired: boolean;
  /** The same UID, wanted again while this one is being stopped: started anew when it is finished. */
  next: Pod | undefined;
  /** Open as soon as the pod that has its full name has no running container; absent when nobody has it. Its own containers wait for it. */
  gate: PromiseWithResolvers<void> | undefined;
  pass: Pass | undefined;
  /** Something happened since the last pass started. */
  isDue: boolean;
  hasSynced: boolean;
  isUpdated: boolean;
  failures: number;
  /** Of the newest failed pass; meaningless while `failures` is 0. */
  failedAtMs: number;
  lastError: unknown;
  nextPassAtMs: number | undefined;
  killWaiters: ((outcome: KillOutcome) => void)[];
}

export interface WorkerStart {
  readonly target: WorkerTarget;
  readonly isDesired: boolean;
  readonly state: WorkerState;
  readonly nowMs: number;
}

/** A worker that has done nothing. */
export const createWorker = ({ target, isDesired, state, nowMs }: WorkerStart): Worker => {
  const ref: PodRef =
    target.type === "pod"
      ? podRef(target.pod)
      : { uid: target.runtimePod.uid, name: target.runtimePod.name, namespace: target.runtimePod.namespace };
  return {
    uid: ref.uid,
    ref,
    fullName: podFullName(ref),
    isStatic: target.type === "pod" && isStaticPod(target.pod),
    createdMs: nowMs,
    target,
    wanted: undefined,
    resize: NO_RESIZE,
    state,
    sinceMs: nowMs,
    isDesired,
    next: undefined,
    gate: undefined,
    pass: undefined,
    isDue: true,
    hasSynced: false,
    isUpdated: false,
    failures: 0,
    failedAtMs: 0,
    lastError: undefined,
    nextPassAtMs: undefined,
    killWaiters: [],
  };
};

/** What the worker should run now; undefined when it waits for something. */
export const decidePass = (worker: Worker): PassKind | undefined => {
  if (worker.pass !== undefined || !worker.isDue) return undefined;
  switch (worker.state.kind) {
    case "admitting":
    case "waiting":
    case "finished":
      return undefined;
    case "syncing":
      return "sync";
    case "terminating":
      return "terminate";
    case "terminated":
      return "cleanUp";
  }
};

/** Admitted and not yet stopped: what it asked for is taken. */
export const holdsResources = (worker: Worker): boolean =>
  worker.target.type === "pod" && (worker.state.kind === "syncing" || worker.state.kind === "terminating");

/** The worker as others may see it. */
export const computeWork = (worker: Worker): PodWork => {
  const { ref, isStatic, isDesired, sinceMs, state } = worker;
  const base = {
    ref,
    isStatic,
    isDesired,
    sinceMs,
    isPassRunning: worker.pass !== undefined,
    ...(worker.lastError === undefined ? {} : { lastError: worker.lastError }),
    ...(worker.nextPassAtMs === undefined ? {} : { nextPassAtMs: worker.nextPassAtMs }),
  };
  switch (state.kind) {
    case "admitting":
      return { ...base, state: "syncing", waitingFor: "admission" };
    case "waiting":
      return { ...base, state: "syncing", waitingFor: "predecessor" };
    case "syncing":
      return {
        ...base,
        state: "syncing",
        ...(worker.gate === undefined ? {} : { waitingFor: "predecessor" }),
        ...(worker.resize === NO_RESIZE ? {} : { resize: worker.resize }),
      };
    case "terminating":
      return { ...base, state: "terminating", cause: state.cause, gracePeriodSeconds: state.graceSeconds };
    case "terminated":
      return { ...base, state: "terminated", cause: state.cause };
    case "finished":
      return { ...base, state: "finished", cause: state.cause };
  }
};

/** The labels under which the gauge of working pods counts it. */
export const workingLabels = (worker: Worker): { readonly lifecycle: string; readonly config: string; readonly static: string } => {
  const { kind } = worker.state;
  const config = worker.isDesired ? "desired" : worker.target.type === "orphan" ? "runtime_only" : "orphan";
  return {
    lifecycle: kind === "terminating" ? kind : kind === "terminated" || kind === "finished" ? "terminated" : "sync",
    config,
    static: worker.target.type === "orphan" ? "unknown" : worker.isStatic ? "true" : "",
  };
};
