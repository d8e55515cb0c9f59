import type { ContainerStatus, PodStatus } from "@nk/pod-model";

/**
 * One short phrase on what keeps a pod from being ready, for tables and logs; empty when nothing does. A container's own reason comes
 * before the conditions, because it is nearer to the cause.
 */
export const describeWaiting = (status: PodStatus): string => {
  if (status.phase === "Succeeded" || status.phase === "Failed")
    return [status.reason, status.message].filter((text) => text !== undefined).join(": ");
  const all: readonly ContainerStatus[] = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const blocked = all.find(({ state }) => state?.waiting !== undefined && state.waiting.reason !== "PodInitializing");
  if (blocked?.state?.waiting !== undefined) {
    const { reason, message } = blocked.state.waiting;
    return `${blocked.name}: ${[reason, message].filter((text) => text !== undefined).join(": ")}`;
  }
  const initialised = status.conditions?.find(({ type }) => type === "Initialized");
  if (initialised?.status === "False") return initialised.message ?? "init containers";
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "False" ? (ready.message ?? ready.reason ?? "") : "";
};
