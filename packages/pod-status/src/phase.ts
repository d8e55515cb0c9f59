import { CONTAINER_REASONS, isSidecar } from "@nk/pod-model";
import type { Container, ContainerStateTerminated, ContainerStatus, Pod } from "@nk/pod-model";
import { mayRestart } from "./may-restart.ts";

export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed";

/** Whether a phase is the last one of a pod. */
export const isFinal = (phase: string | undefined): phase is "Succeeded" | "Failed" => phase === "Succeeded" || phase === "Failed";

interface Tally {
  readonly unknown: number;
  readonly running: number;
  readonly waiting: number;
  readonly stopped: number;
  readonly succeeded: number;
}

type Seen = "unknown" | "running" | "waiting" | "succeeded" | "failed";

/** A container that waits after having ended counts as ended: a pod in CrashLoopBackOff is Running. */
const seenAs = (status: ContainerStatus | undefined): Seen => {
  const ended = endOf(status);
  if (ended !== undefined) return ended.exitCode === 0 ? "succeeded" : "failed";
  if (status?.state?.running !== undefined) return "running";
  return status?.state?.waiting === undefined ? "unknown" : "waiting";
};

/** How a container ended; of one that waits to be started again, how it did before. */
const endOf = (status: ContainerStatus | undefined): ContainerStateTerminated | undefined =>
  status?.state?.terminated ?? (status?.state?.waiting === undefined ? undefined : status.lastState?.terminated);

/** Whether a container that has ended may be started again, by its own rules and policy or the pod's. */
const isRestartable = (pod: Pod, container: Container, status: ContainerStatus | undefined): boolean => {
  const end = endOf(status);
  if (end === undefined) return false;
  return end.reason === CONTAINER_REASONS.RestartingAllContainers || mayRestart(pod, container, end.exitCode);
};

const tally = (seen: readonly Seen[]): Tally => {
  const count = (what: Seen): number => seen.filter((one) => one === what).length;
  const succeeded = count("succeeded");
  return {
    unknown: count("unknown"),
    running: count("running"),
    waiting: count("waiting"),
    succeeded,
    stopped: succeeded + count("failed"),
  };
};

const computeStoppedPhase = (counts: Tally, may: { readonly anyRestart: boolean }): PodPhase => {
  if (may.anyRestart) return "Running";
  return counts.stopped === counts.succeeded ? "Succeeded" : "Failed";
};

/**
 * Phase of a pod from its container statuses, by the rules of the reference (pkg/kubelet/kubelet_pods.go, getPhase). The caller keeps a
 * phase that is already final.
 */
export const computePhase = (options: {
  readonly pod: Pod;
  readonly initContainers: readonly ContainerStatus[];
  readonly containers: readonly ContainerStatus[];
  readonly stoppedForGood: boolean;
}): PodPhase => {
  const { pod, stoppedForGood } = options;
  const byName = new Map([...options.initContainers, ...options.containers].map((status) => [status.name, status]));
  const initSpecs = pod.spec?.initContainers ?? [];
  const appSeen = (pod.spec?.containers ?? []).map((container) => seenAs(byName.get(container.name)));
  const initialised = appSeen.some((seen) => seen !== "waiting" && seen !== "unknown");
  let initPending = false;
  const sidecarSeen: Seen[] = [];
  for (const container of initSpecs) {
    const status = byName.get(container.name);
    const seen = seenAs(status);
    if (isSidecar(container)) {
      if (seen === "running" || seen === "waiting") sidecarSeen.push(seen);
      const started = seen === "running" ? status?.started === true : seen === "failed" || seen === "succeeded";
      if (!started && !initialised) initPending = true;
    } else if (seen === "failed") {
      if (!isRestartable(pod, container, status)) return "Failed";
      if (!initialised) initPending = true;
    } else if (seen !== "succeeded") {
      initPending = true;
    }
  }
  const counts = tally([...appSeen, ...sidecarSeen]);
  if (initPending || counts.waiting > 0) return "Pending";
  if (counts.running > 0 && counts.unknown === 0) return "Running";
  if (counts.running > 0 || counts.stopped === 0 || counts.unknown > 0) return "Pending";
  const anyRestart = (pod.spec?.containers ?? []).some((container) => isRestartable(pod, container, byName.get(container.name)));
  return computeStoppedPhase(counts, { anyRestart: anyRestart && !stoppedForGood });
};
