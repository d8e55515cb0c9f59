import { podRef } from "@nk/pod-model";
import type { PodStatuses } from "@nk/pod-status";
import type { PodSync } from "@nk/pod-sync";
import type { PodRuntimePort } from "@nk/pod-workers";

/** pod-sync as the pod workers want it: the reasons a pass found go to the pod's status on their way. */
export const podRuntime = (podSync: PodSync, statuses: PodStatuses): PodRuntimePort => ({
  ...podSync,
  sync: async (pod, { signal }) => {
    const { uid } = podRef(pod);
    const { containerReasons, ...answer } = await podSync.sync(pod, { signal });
    statuses.explainWaiting(uid, containerReasons);
    await statuses.refresh(uid);
    return answer;
  },
});
