import type { PodRef, PodUid } from "@nk/pod-model";
import type { Clock, Logger, MetricRegister, RandomSource, TurnsOptions } from "@nk/stdx";
import type { CrashBackoffLimits } from "./plan/crash-backoff.ts";

/** A step of bringing a pod up, as it begins and as it has ended. A container's steps name it. */
export interface PodStep {
  readonly name: "volumes" | "sandbox" | "pull" | "create" | "start";
  readonly containerName?: string;
  readonly isEnded: boolean;
}

/** Options of `createPodSync`. */
export interface PodSyncOptions {
  /** KubeletConfiguration podLogsDir. Default /var/log/pods. */
  readonly podLogsDir?: string;
  /** Waits between a container's end and its restart. Default 10 s doubling to 300 s, forgotten after 600 s. */
  readonly crashBackoff?: CrashBackoffLimits;
  /** First and longest wait in milliseconds after a pass that failed for a reason with no time of its own. Default 1000 and 10000. */
  readonly retryInitialMs?: number;
  readonly retryMaxMs?: number;
  /** A container that waits in its back-off is reported by an event again after this long, milliseconds. Default 10000. */
  readonly backoffEventIntervalMs?: number;
  /** Container instances that one pass may plan anew for, because a sidecar it started lets the next container start. Default 64. */
  readonly maxRounds?: number;
  /**
   * Sandboxes made at once, and how long one counts, in milliseconds. Default 8 and 2000: enough to keep a runtime busy. One that makes sixty
   * at a time has sixty CNI plugins wait for one another, and all sixty pods are ready at the end only.
   */
  readonly sandboxStarts?: Pick<TurnsOptions, "limit" | "patienceMs">;
  /** The version in the User-Agent of HTTP hooks, `kube-lifecycle/<version>`. Default 1.36. */
  readonly hookVersion?: string;
  readonly clock?: Clock;
  /** For the spread of retries. Default: the machine's. */
  readonly random?: RandomSource;
  readonly logger?: Logger;
  readonly metrics?: MetricRegister;
  /** Told why a pass does what it does; for people. Must not throw. */
  readonly onDecision?: (uid: PodUid, text: string, fields: { readonly [key: string]: unknown }) => void;
  /** Told when a step of bringing the pod up begins and ends, a step that fails included; for timelines. Must not throw. */
  readonly onStep?: (uid: PodUid, step: PodStep) => void;
  /** Told at once when the pod's sandbox is ready and observed; the condition PodReadyToStartContainers. Must not throw. */
  readonly onSandboxReady?: (ref: PodRef) => void;
}
