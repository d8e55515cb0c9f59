import { podRef } from "@nk/pod-model";
import type { PodStatusCache } from "@nk/pleg";
import type { PodStatuses } from "@nk/pod-status";
import type { PodSync } from "@nk/pod-sync";
import type { PodRuntimePort } from "@nk/pod-workers";

/** What the adapter joins. */
export interface PodRuntimeParts {
  readonly podSync: PodSync;
  readonly statuses: PodStatuses;
  readonly cache: PodStatusCache;
}

/** pod-sync as the pod workers want it: the reasons a pass found go to the pod's status on their way. */
export const podRuntime = ({ podSync, statuses, cache }: PodRuntimeParts): PodRuntimePort => ({
  sync: async (pod, { signal }) => {
    const { uid } = podRef(pod);
    const { containerReasons, ...answer } = await podSync.sync(pod, { signal });
    statuses.explainWaiting(uid, containerReasons);
    await statuses.refresh(uid);
    return answer;
  },
  terminate: (pod, options) => podSync.terminate(pod, options),
  cleanUp: (pod, options) => podSync.cleanUp(pod, options),
  terminateOrphan: (pod, { signal }) => podSync.terminateOrphan(pod, { signal }),
  // Stopping an orphan removes it: there is no definition to clean up by.
  cleanUpOrphan: () => Promise.resolve(),
  hasRunning: (uid) => cache.get(uid)?.containers.some(({ state }) => state === "running"),
});
