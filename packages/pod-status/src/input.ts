import type { Pod, PodCondition, PodStatus, RuntimePodStatus } from "@nk/pod-model";

/** Why a container is not running, as the last sync left it; becomes `state.waiting`. */
export interface WaitingReason {
  /** e.g. `CrashLoopBackOff`, `ErrImagePull`, `CreateContainerConfigError`. */
  readonly reason: string;
  /** Empty when there is nothing to say beyond the reason. */
  readonly message: string;
}

/** A verdict of the probes on one running container; `undefined` where no probe of that kind is configured. */
export interface ProbeVerdict {
  /** Of the startup probe. */
  readonly started?: boolean;
  /** Of the readiness probe. */
  readonly ready?: boolean;
}

/** A status forced by the kubelet itself: an eviction, a rejection, a missed deadline. */
export interface StatusOverride {
  readonly phase: "Failed" | "Succeeded";
  readonly reason: string;
  readonly message: string;
  /** Told with the final phase, e.g. `DisruptionTarget`; their transition times are filled in. */
  readonly conditions?: readonly PodCondition[];
}

/** Everything a pod's status is computed from. Nothing in it is changed. */
export interface PodStatusInput {
  /** The desired pod, defaulted. Conditions that others wrote are taken from its status, if it has one, else from `previous`. */
  readonly pod: Pod;
  /** What the runtime has of it; `undefined` while nothing has been observed. */
  readonly observed: RuntimePodStatus | undefined;
  /** The status computed last, or the API's; carries transition times, the start time and the memory of vanished containers. */
  readonly previous: PodStatus | undefined;
  /** Wall clock, milliseconds since the epoch. */
  readonly nowMs: number;
  /** True once the pod worker has stopped every container of the pod for good. */
  readonly stoppedForGood: boolean;
  /** Prefix of container ids, e.g. `containerd`. */
  readonly runtimeName: string;
  /** Primary address first. */
  readonly nodeIps: readonly string[];
  /** By container name; only containers that the last sync wanted to run and could not. A pod that is being deleted waits for nothing. */
  readonly waiting: ReadonlyMap<string, WaitingReason>;
  /** By container id. */
  readonly probes: ReadonlyMap<string, ProbeVerdict>;
  /** Termination messages by container id, already cut to their limit. */
  readonly terminationMessages: ReadonlyMap<string, string>;
  readonly override?: StatusOverride;
  /** Whether the pod's runtime handler can mount read-only recursively. Default false. */
  readonly supportsRecursiveReadOnly?: boolean;
}
