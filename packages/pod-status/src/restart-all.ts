import { CONTAINER_REASONS, listContainers } from "@nk/pod-model";
import type { ContainerState, ContainerStatus, Pod, RuntimePodStatus } from "@nk/pod-model";
import type { PodStatusInput } from "./input.ts";
import { findRestartRule } from "./may-restart.ts";

/** The condition that a pod whose rules may restart all its containers has beside the others. */
export const ALL_CONTAINERS_RESTARTING = "AllContainersRestarting";

/** Whether a rule of any container restarts all of them (AllContainersCouldRestart in the reference). */
export const mayRestartAll = (pod: Pod): boolean =>
  listContainers(pod).some(
    ({ restartPolicyRules }) => restartPolicyRules?.some(({ action }) => action === "RestartAllContainers") === true,
  );

/** Whether a container has ended in a way that restarts all of them, and is still there: it is the last one to be removed. */
export const isRestartingAll = (pod: Pod, observed: RuntimePodStatus | undefined): boolean =>
  mayRestartAll(pod) &&
  pod.metadata?.deletionTimestamp === undefined &&
  listContainers(pod).some((container) => {
    const newest = observed?.containers.find(({ name }) => name === container.name);
    return newest?.state === "exited" && findRestartRule(container, newest.exitCode)?.action === "RestartAllContainers";
  });

/** Whether all containers were removed to be started again: the status before announced it, and the one that asked for it is gone now. */
export const haveBeenRemoved = ({
  pod,
  observed,
  previous,
  stoppedForGood,
}: Pick<PodStatusInput, "pod" | "observed" | "previous" | "stoppedForGood">): boolean =>
  !stoppedForGood &&
  previous?.conditions?.some(({ type, status }) => type === ALL_CONTAINERS_RESTARTING && status === "True") === true &&
  !isRestartingAll(pod, observed);

const REMOVED = {
  reason: CONTAINER_REASONS.RestartingAllContainers,
  message: "The container is removed because RestartAllContainers in place",
} as const;

/**
 * A container that was removed to be started again with all others. The reference says 137 of each; one that had ended by itself keeps how.
 */
export const removedForRestart = (before: ContainerStatus, base: ContainerStatus): ContainerStatus => {
  const lastState: ContainerState = { terminated: before.state?.terminated ?? { ...REMOVED, exitCode: 137 } };
  return { ...base, state: { waiting: REMOVED }, lastState, restartCount: before.restartCount + 1 };
};
