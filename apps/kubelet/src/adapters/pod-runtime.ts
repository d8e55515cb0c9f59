import { podRef } from "@nk/pod-model";
import type { Pod, RuntimePodStatus } from "@nk/pod-model";
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
  const containers = observed.containers.filter(({ id }) => !podSync.isStarting(uid, id));
  return { ...observed, containers: containers.map((one) => (podSync.isReplaced(uid, one.id) ? { ...one, state: "running" } : one)) };
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
