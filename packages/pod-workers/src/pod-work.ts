import type { AdmitResult, PodCondition, PodRef } from "@nk/pod-model";
import type { PodResize } from "./allocation/pod-resize.ts";

/** A request to stop a pod before its source asks for it: eviction, preemption, deadline, node shutdown. */
export interface KillRequest {
  /** Seconds; only ever shortens what is already under way. Absent: the pod's own. */
  readonly gracePeriodSeconds?: number;
  /** Becomes the pod's status reason, e.g. `Evicted`. */
  readonly reason: string;
  readonly message: string;
  /** Conditions to add to the pod's status, e.g. `DisruptionTarget`. */
  readonly conditions?: readonly PodCondition[];
}

/** `stopped`: its containers have ended; `already-stopped`: they had before; `not-found`: no such pod here. */
export type KillOutcome = "stopped" | "already-stopped" | "not-found";

/** Why a pod is stopped. The first cause stays. */
export type TerminationCause =
  /** Its deletionTimestamp was set. */
  | { readonly type: "deleted" }
  /** Its source no longer has it. */
  | { readonly type: "removed" }
  /** Its containers have ended for good, or its source says phase Succeeded or Failed. */
  | { readonly type: "terminal" }
  | { readonly type: "killed"; readonly kill: KillRequest }
  | { readonly type: "rejected"; readonly result: AdmitResult & { readonly admit: false } }
  /** The runtime had it and no source wants it. */
  | { readonly type: "orphan" };

interface WorkerFacts {
  readonly ref: PodRef;
  readonly isStatic: boolean;
  /** Whether a source wants it. */
  readonly isDesired: boolean;
  /** Epoch ms of the change to this state. */
  readonly sinceMs: number;
  /** The newest error of a pass, while the next try is waited for. */
  readonly lastError?: unknown;
  /** When the next pass is due by itself, epoch ms. */
  readonly nextPassAtMs?: number;
  readonly isPassRunning: boolean;
}

/** What the worker of one pod is at: facts for statuses, for admission, for people who ask why a pod hangs. */
export type PodWork =
  | (WorkerFacts & {
      readonly state: "syncing";
      /** Why no pass has run yet: `admission`, or `predecessor`: a static pod of the same full name is not finished. */
      readonly waitingFor?: "admission" | "predecessor";
      /** Where it stands between the resources it asks for, was given and has; absent when they are the same. */
      readonly resize?: PodResize;
    })
  | (WorkerFacts & { readonly state: "terminating"; readonly cause: TerminationCause; readonly gracePeriodSeconds: number })
  | (WorkerFacts & { readonly state: "terminated"; readonly cause: TerminationCause })
  | (WorkerFacts & { readonly state: "finished"; readonly cause: TerminationCause });

export type PodWorkState = PodWork["state"];
