import { podRef } from "@nk/pod-model";
import type { Pod, RuntimePodStatus } from "@nk/pod-model";
import type { PodStatuses } from "@nk/pod-status";
import type { PodSync } from "@nk/pod-sync";
import type { PodRuntimePort } from "@nk/pod-workers";

/** What statuses and probes may see of a pod: a container whose postStart hook runs has not started yet for anybody but the runtime. */
export const withoutStarting = (
  podSync: Pick<PodSync, "isStarting">,
  observed: RuntimePodStatus | undefined,
): RuntimePodStatus | undefined => {
  if (observed === undefined) return undefined;
  const containers = observed.containers.filter(({ id }) => !podSync.isStarting(observed.uid, id));
  return containers.length === observed.containers.length ? observed : { ...observed, containers };
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
