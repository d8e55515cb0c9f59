import { isSidecar, parseTimestamp } from "@nk/pod-model";
import type { ContainerStatus, Pod } from "@nk/pod-model";

/** What `kubectl get pods` says of a pod. */
export interface PodState {
  readonly ready: string;
  readonly status: string;
  readonly restarts: number;
  /** When the last restarted container had ended. */
  readonly lastRestartMs: number | undefined;
}

interface Count {
  reason: string;
  restarts: number;
  lastRestartMs: number | undefined;
  readyContainers: number;
}

const noteRestarts = (count: Pick<Count, "restarts" | "lastRestartMs">, status: ContainerStatus): void => {
  count.restarts += status.restartCount;
  const finishedAt = status.lastState?.terminated?.finishedAt;
  if (finishedAt === undefined || finishedAt === null) return;
  count.lastRestartMs = Math.max(count.lastRestartMs ?? 0, parseTimestamp(finishedAt));
};

const reasonOfEnd = ({
  reason,
  signal,
  exitCode,
}: {
  readonly reason?: string;
  readonly signal?: number;
  readonly exitCode: number;
}): string => reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`);

/** Looks at the init containers up to the first that is not through; true when the pod is still at them. */
const readInitContainers = (pod: Pod, count: Count, sidecars: Pick<Count, "restarts" | "lastRestartMs">): boolean => {
  const containers = new Map((pod.spec?.initContainers ?? []).map((container) => [container.name, container]));
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const container = containers.get(status.name);
    const isLasting = container !== undefined && isSidecar(container);
    noteRestarts(count, status);
    if (isLasting) noteRestarts(sidecars, status);
    const { terminated, waiting } = status.state ?? {};
    if (terminated !== undefined && terminated.exitCode === 0) continue;
    if (isLasting && status.started === true) {
      if (status.ready) count.readyContainers += 1;
      continue;
    }
    if (terminated !== undefined) count.reason = `Init:${reasonOfEnd(terminated)}`;
    else if (waiting?.reason && waiting.reason !== "PodInitializing") count.reason = `Init:${waiting.reason}`;
    else count.reason = `Init:${index}/${containers.size}`;
    return true;
  }
  return false;
};

const hasCondition = (pod: Pod, type: string): boolean =>
  pod.status?.conditions?.some((condition) => condition.type === type && condition.status === "True") === true;

const readContainers = (pod: Pod, count: Count): void => {
  let hasRunning = false;
  let errorReason = "";
  for (const status of (pod.status?.containerStatuses ?? []).toReversed()) {
    noteRestarts(count, status);
    const { waiting, terminated, running } = status.state ?? {};
    if (waiting?.reason) count.reason = waiting.reason;
    else if (terminated !== undefined) {
      count.reason = reasonOfEnd(terminated);
      if (terminated.exitCode !== 0) errorReason = count.reason;
    } else if (status.ready && running !== undefined) {
      hasRunning = true;
      count.readyContainers += 1;
    }
  }
  if (count.reason !== "Completed") return;
  if (hasRunning && hasCondition(pod, "Ready")) count.reason = "Running";
  else if (errorReason !== "") count.reason = errorReason;
  else if (hasRunning) count.reason = "NotReady";
};

const initialReason = ({ status }: Pod): string => {
  const gated = status?.conditions?.some(({ type, reason }) => type === "PodScheduled" && reason === "SchedulingGated");
  return gated === true ? "SchedulingGated" : status?.reason || (status?.phase ?? "");
};

const reasonOfDeletion = ({ metadata, status }: Pod): string | undefined => {
  if (metadata?.deletionTimestamp === undefined) return undefined;
  if (status?.reason === "NodeLost") return "Unknown";
  return status?.phase === "Succeeded" || status?.phase === "Failed" ? undefined : "Terminating";
};

/** Computes the READY, STATUS and RESTARTS columns as the reference does (pkg/printers/internalversion/printers.go, 1.36). */
export const computePodState = (pod: Pod): PodState => {
  const count: Count = { reason: initialReason(pod), restarts: 0, lastRestartMs: undefined, readyContainers: 0 };
  const sidecars: Pick<Count, "restarts" | "lastRestartMs"> = { restarts: 0, lastRestartMs: undefined };
  const isInitializing = readInitContainers(pod, count, sidecars);
  if (!isInitializing || hasCondition(pod, "Initialized")) {
    count.restarts = sidecars.restarts;
    count.lastRestartMs = sidecars.lastRestartMs;
    readContainers(pod, count);
  }
  const lasting = (pod.spec?.initContainers ?? []).filter(isSidecar).length;
  return {
    ready: `${count.readyContainers}/${(pod.spec?.containers ?? []).length + lasting}`,
    status: reasonOfDeletion(pod) ?? count.reason,
    restarts: count.restarts,
    lastRestartMs: count.lastRestartMs,
  };
};
