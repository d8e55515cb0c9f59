import { isSidecar } from "@nk/pod-model";
import type { Container, ContainerStatus, Pod } from "@nk/pod-model";

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
  const ended = status?.state?.terminated ?? (status?.state?.waiting === undefined ? undefined : status.lastState?.terminated);
  if (ended !== undefined) return ended.exitCode === 0 ? "succeeded" : "failed";
  if (status?.state?.running !== undefined) return "running";
  return status?.state?.waiting === undefined ? "unknown" : "waiting";
};

const restartPolicyOf = (pod: Pod, container: Container): string => container.restartPolicy ?? pod.spec?.restartPolicy ?? "Always";

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

const computeStoppedPhase = (options: { readonly pod: Pod; readonly counts: Tally; readonly stoppedForGood: boolean }): PodPhase => {
  const { pod, counts, stoppedForGood } = options;
  const allSucceeded = counts.stopped === counts.succeeded;
  if (stoppedForGood) return allSucceeded ? "Succeeded" : "Failed";
  const policies = (pod.spec?.containers ?? []).map((container) => restartPolicyOf(pod, container));
  if (policies.includes("Always")) return "Running";
  if (allSucceeded) return "Succeeded";
  return policies.includes("OnFailure") ? "Running" : "Failed";
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
      if (restartPolicyOf(pod, container) === "Never") return "Failed";
      if (!initialised) initPending = true;
    } else if (seen !== "succeeded") {
      initPending = true;
    }
  }
  const counts = tally([...appSeen, ...sidecarSeen]);
  if (initPending || counts.waiting > 0) return "Pending";
  if (counts.running > 0 && counts.unknown === 0) return "Running";
  if (counts.running === 0 && counts.stopped > 0 && counts.unknown === 0) return computeStoppedPhase({ pod, counts, stoppedForGood });
  return "Pending";
};
