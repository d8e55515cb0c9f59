import type { Container, EphemeralContainer } from "@nk/pod-model";
import type { PlanResize } from "./resize.ts";

/** What a container is in its pod: a regular init container, a sidecar (restartable init container), an app or an ephemeral container. */
export type ContainerKind = "init" | "sidecar" | "app" | "ephemeral";

/** A container's definition; ephemeral containers have the same fields and one more. */
export type ContainerSpec = Container | EphemeralContainer;

/** Why a container is started. */
export type StartReason =
  /** The pod has no such container yet. */
  | "missing"
  /** It ended, and its restart policy says to start it again. */
  | "ended"
  /** It was created and never started: a start failed, or the kubelet died between the two calls. */
  | "never-started"
  /** The plan kills the running one first. */
  | "replaced";

/** Why a container is killed; `liveness` and `startup` choose the grace period of that probe. */
export type KillReason =
  | "definition-changed"
  | "liveness"
  | "startup"
  | "unknown-state"
  | "old-sandbox"
  | "not-in-spec"
  | "restart-all"
  | "resize";

/** A container to create and start. */
export interface ContainerStart {
  readonly name: string;
  readonly kind: ContainerKind;
  readonly spec: ContainerSpec;
  readonly reason: StartReason;
  /** Its restart count; absent when the runtime remembers no instance, so that only the pod's log directory can tell. */
  readonly attempt?: number;
  /** The back-off (ms) that a crash of the new instance will wait for; absent when this start is not counted as a restart after a crash. */
  readonly nextBackoffMs?: number;
}

/** A container to stop. */
export interface ContainerKill {
  readonly id: string;
  readonly name: string;
  readonly reason: KillReason;
  /** Text of the `Killing` event. */
  readonly message: string;
  /** Replaces the grace period the pod states, in seconds. */
  readonly graceOverrideSeconds?: number;
}

/** A container that does not run and whose remains go. */
export interface ContainerRemoval {
  readonly id: string;
  readonly name: string;
  readonly reason: "superseded" | "never-started" | "restart-all" | "sandbox-changed";
}

/** Something the plan waits for; a pass that starts nothing has at least one, or the pod runs or is finished. */
export type PlanWait =
  | { readonly on: "init-exit"; readonly container: string }
  | { readonly on: "startup-probe"; readonly container: string }
  | { readonly on: "sidecar-start"; readonly container: string }
  | {
      readonly on: "crash-backoff";
      readonly container: string;
      /** Which instance ended. */
      readonly containerId: string;
      /** When the wait is over, `Clock.nowMs`. */
      readonly untilMs: number;
      readonly backoffMs: number;
    };

/** Why the whole pod is killed. */
export type KillPodReason =
  | "sandbox-changed"
  /** The sandbox is gone and nothing may be started again. */
  | "sandbox-gone"
  /** An init container failed for good. */
  | "init-failed"
  /** Every app container has ended for good. */
  | "finished";

/** Why a new sandbox is made. */
export type SandboxChange = "missing" | "several-ready" | "not-ready" | "network-mode" | "no-ip";

/** What one pass over a pod is to do; a plain value, computed by `computePlan`. The lists are in the order of execution. */
export interface PodPlan {
  /** Stop everything, sandboxes too, before anything else. */
  readonly killPod?: KillPodReason;
  /** Present when a sandbox is to be made. */
  readonly createSandbox?: SandboxChange;
  /** Attempt of the sandbox that is made or kept. */
  readonly sandboxAttempt: number;
  /** The newest sandbox: the one that is kept, or the one that is replaced. */
  readonly sandboxId?: string;
  readonly containersToKill: readonly ContainerKill[];
  readonly containersToRemove: readonly ContainerRemoval[];
  /** Sandboxes that were replaced and have no container left. */
  readonly sandboxesToRemove: readonly string[];
  readonly containersToStart: readonly ContainerStart[];
  readonly waits: readonly PlanWait[];
  /** All containers restart in place because of how this one ended; `nextBackoffMs` is what its next such end will wait for. */
  readonly restartAll?: { readonly source: string; readonly nextBackoffMs: number };
  /** What is to be changed of containers that run and of the pod's cgroup, after the kills and before the starts. */
  readonly resize?: PlanResize;
  /** The earliest end of a back-off, `Clock.nowMs`. */
  readonly retryAtMs?: number;
  /** Whether all regular init containers are done with in the current sandbox. */
  readonly isInitialized: boolean;
  /** Nothing of this pod will ever be started again by a plan. */
  readonly isFinished: boolean;
}
