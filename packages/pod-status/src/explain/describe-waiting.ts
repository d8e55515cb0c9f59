import type { ContainerStatus, PodStatus, Timestamp } from "@nk/pod-model";

/** What keeps a pod from being ready. */
export interface PodWait {
  /** One short phrase. */
  readonly text: string;
  /** Since when, where the status says so. */
  readonly since?: Timestamp;
}

const wait = (text: string, since: Timestamp | undefined): PodWait => ({ text, ...(since === undefined ? {} : { since }) });

/**
 * What keeps a pod from being ready, by its status alone; undefined when nothing does. A container's own reason comes before the conditions,
 * because it is nearer to the cause.
 */
export const findPodWait = (status: PodStatus): PodWait | undefined => {
  if (status.phase === "Succeeded" || status.phase === "Failed") return undefined;
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  const all: readonly ContainerStatus[] = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const blocked = all.find(({ state }) => state?.waiting !== undefined && state.waiting.reason !== "PodInitializing");
  if (blocked?.state?.waiting !== undefined) {
    const { reason, message } = blocked.state.waiting;
    const text = `${blocked.name}: ${[reason, message].filter((part) => part !== undefined).join(": ")}`;
    return wait(text, blocked.lastState?.terminated?.finishedAt ?? ready?.lastTransitionTime ?? status.startTime);
  }
  const initialised = status.conditions?.find(({ type }) => type === "Initialized");
  if (initialised?.status === "False") return wait(initialised.message ?? "init containers", initialised.lastTransitionTime);
  return ready?.status === "False" ? wait(ready.message ?? ready.reason ?? "", ready.lastTransitionTime) : undefined;
};

/** The same as one phrase, for tables and logs; how it ended for a pod that has. Empty when nothing keeps it from being ready. */
export const describeWaiting = (status: PodStatus): string => {
  if (status.phase === "Succeeded" || status.phase === "Failed")
    return [status.reason, status.message].filter((text) => text !== undefined).join(": ");
  return findPodWait(status)?.text ?? "";
};
