import type { Pod, RuntimePodStatus } from "@nk/pod-model";
import type { CrashBackoffEntry, CrashBackoffLimits } from "./crash-backoff.ts";
import type { ResizeFacts } from "./resize.ts";

/** Verdicts of the probes on one container instance; absent where there is no such probe or it has not spoken yet. */
export interface ProbeResults {
  readonly liveness?: "success" | "failure";
  readonly startup?: "success" | "failure";
}

/** What a plan depends on beside the pod and its observed state. */
export interface PlanFacts {
  /** Wall clock, milliseconds since the epoch. */
  readonly nowMs: number;
  /** By container id. */
  readonly probes: ReadonlyMap<string, ProbeResults>;
  /** By container name: what this kubelet remembers of earlier restarts. */
  readonly backoffs: ReadonlyMap<string, CrashBackoffEntry>;
  readonly backoffLimits: CrashBackoffLimits;
  /** By container name: the ended instance whose back-off is waited for, and since when, `nowMs`. Default: none is. */
  readonly waits?: ReadonlyMap<string, { readonly containerId: string; readonly sinceMs: number }>;
  /** Absent while nothing is to be resized. */
  readonly resize?: ResizeFacts;
}

/** Everything {@link computePlan} reads. Nothing in it is changed. */
export interface PlanInput {
  /** The desired pod, defaulted. */
  readonly pod: Pod;
  /** What the runtime has of it; `undefined` when it has nothing. */
  readonly observed: RuntimePodStatus | undefined;
  readonly facts: PlanFacts;
}
