import type { PodUid } from "./ids.ts";

export type SandboxState = "ready" | "notready";
export type RuntimeContainerState = "created" | "running" | "exited" | "unknown";

/** A pod sandbox as the runtime lists it. */
export interface RuntimeSandbox {
  readonly id: string;
  readonly attempt: number;
  readonly state: SandboxState;
  readonly createdAtNanos: bigint;
  readonly labels: { readonly [key: string]: string };
  readonly annotations: { readonly [key: string]: string };
  /** Empty for the runtime's default handler. */
  readonly runtimeHandler: string;
}

/** A container as the runtime lists it. */
export interface RuntimeContainer {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: RuntimeContainerState;
  readonly createdAtNanos: bigint;
  /** The image reference the container was created with. */
  readonly image: string;
  /** The runtime's id of the image; empty when the runtime does not say. */
  readonly imageId: string;
  readonly labels: { readonly [key: string]: string };
  readonly annotations: { readonly [key: string]: string };
}

/** All sandboxes and containers of one pod UID that the runtime has, running or not; each list newest first. */
export interface RuntimePod {
  readonly uid: PodUid;
  readonly name: string;
  readonly namespace: string;
  readonly sandboxes: readonly RuntimeSandbox[];
  readonly containers: readonly RuntimeContainer[];
}

export interface RuntimeSandboxStatus extends RuntimeSandbox {
  /** Primary IP first; empty for host network and for a sandbox whose network is gone. */
  readonly ips: readonly string[];
  /** The network namespace mode the sandbox was made with. */
  readonly network: "pod" | "container" | "node" | "target";
}

/** Resources the runtime says it applied; a field is absent when the runtime does not report it. */
export interface RuntimeContainerResources {
  readonly cpuShares?: bigint;
  readonly cpuQuotaMicros?: bigint;
  readonly cpuPeriodMicros?: bigint;
  readonly memoryLimitBytes?: bigint;
}

export interface RuntimeContainerStatus extends RuntimeContainer {
  /** 0 when it has not started. */
  readonly startedAtNanos: bigint;
  /** 0 while it runs. */
  readonly finishedAtNanos: bigint;
  /** Meaningful only in state `exited`. */
  readonly exitCode: number;
  /** The runtime's reason, e.g. `Completed`, `Error`, `OOMKilled`, `ContainerCannotRun`. */
  readonly reason: string;
  readonly message: string;
  /** The image's digest reference; what a pod status shows as `imageID`. */
  readonly imageRef: string;
  /** Absolute path of the log file. */
  readonly logPath: string;
  readonly resources?: RuntimeContainerResources;
  readonly user?: { readonly uid: bigint; readonly gid: bigint; readonly supplementalGroups: readonly bigint[] };
  /** e.g. `SIGTERM`; absent when the runtime does not report it. */
  readonly stopSignal?: string;
  /** Where the container's paths lie on the host; needed to find its termination message. */
  readonly mounts: readonly { readonly containerPath: string; readonly hostPath: string }[];
}

/** The full state of one pod in the runtime, read at one moment. Sandboxes and containers are newest first. */
export interface RuntimePodStatus {
  readonly uid: PodUid;
  readonly name: string;
  readonly namespace: string;
  /** IPs of the newest ready sandbox; empty for host network. */
  readonly ips: readonly string[];
  readonly sandboxes: readonly RuntimeSandboxStatus[];
  readonly containers: readonly RuntimeContainerStatus[];
  /** When it was read, on the clock of the reader (`Clock.nowMs`). */
  readonly observedAtMs: number;
}

/** Newest first: by attempt, then by creation time, as the reference orders sandboxes. */
export const compareNewestFirst = (
  a: { readonly attempt: number; readonly createdAtNanos: bigint },
  b: { readonly attempt: number; readonly createdAtNanos: bigint },
): number => {
  if (a.attempt !== b.attempt) return b.attempt - a.attempt;
  if (a.createdAtNanos === b.createdAtNanos) return 0;
  return a.createdAtNanos > b.createdAtNanos ? -1 : 1;
};
