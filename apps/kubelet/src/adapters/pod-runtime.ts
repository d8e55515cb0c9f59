import { podRef } from "@nk/pod-model";
import type { Pod, RuntimeContainerStatus, RuntimePodStatus } from "@nk/pod-model";
import type { PodStatuses } from "@nk/pod-status";
import type { PodSync } from "@nk/pod-sync";
import type { PodRuntimePort } from "@nk/pod-workers";

/**
 * What statuses and probes may see of a pod: a container whose postStart hook runs has not started yet for anybody but the runtime, and one
 * that gives way to its successor runs until that does, or a pod with restartPolicy Never would be over.
 */
export const asShown = (
  podSync: Pick<PodSync, "isStarting" | "isReplaced">,
  observed: RuntimePodStatus | undefined,
): RuntimePodStatus | undefined => {
  if (observed === undefined) return undefined;
  const { uid } = observed;
  const isAsItIs = observed.containers.every(({ id }) => !podSync.isStarting(uid, id) && !podSync.isReplaced(uid, id));
  if (isAsItIs) return observed;
  const replaced = new Set(observed.containers.flatMap(({ id, name }) => (podSync.isReplaced(uid, id) ? [name] : [])));
  // A successor that was made and not started says nothing yet.
  const shown = observed.containers.filter(
    ({ id, name, state }) => !podSync.isStarting(uid, id) && !(state === "created" && replaced.has(name)),
  );
  const isNewest = ({ id, name }: RuntimeContainerStatus): boolean => shown.find((one) => one.name === name)?.id === id;
  const containers = shown.map((one): RuntimeContainerStatus =>
    podSync.isReplaced(uid, one.id) && isNewest(one) ? { ...one, state: "running" } : one,
  );
  return { ...observed, containers };
};

/** pod-sync as the pod workers want it: the reasons a pass found go to the pod's status on their way. */
export const podRuntime = (podSync: PodSync, statuses: PodStatuses, applyPodProbes: (pod: Pod) => void): PodRuntimePort => ({
  ...podSync,
  sync: async (pod, options) => {
    const { uid } = podRef(pod);
    const { containerReasons, ...answer } = await podSync.sync(pod, options);
    statuses.explainWaiting(uid, containerReasons);
    // A hook that ended during the pass changed nothing that was observed.
    applyPodProbes(pod);
    await statuses.refresh(uid);
    return answer;
  },
});
