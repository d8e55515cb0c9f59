import { podRef } from "@nk/pod-model";
import type { PodUid } from "@nk/pod-model";
import type { PodStatusCache } from "@nk/pleg";
import type { PodStatuses } from "@nk/pod-status";
import type { PodSync } from "@nk/pod-sync";
import type { PodRuntimePort, PodWork } from "@nk/pod-workers";

/** What the adapter joins. */
export interface PodRuntimeParts {
  readonly podSync: PodSync;
  readonly statuses: PodStatuses;
  readonly cache: PodStatusCache;
  readonly workState: (uid: PodUid) => PodWork | undefined;
}

/** pod-sync as the pod workers want it: the reasons a pass found go to the pod's status, its error to the worker. */
export const podRuntime = ({ podSync, statuses, cache, workState }: PodRuntimeParts): PodRuntimePort => ({
  sync: async (pod, { signal }) => {
    const { uid } = podRef(pod);
    const result = await podSync.sync(pod, { signal });
    statuses.explainWaiting(uid, result.containerReasons);
    await statuses.refresh(uid);
    return result.retryAtMs === undefined ? {} : { retryAtMs: result.retryAtMs };
  },
  terminate: (pod, options) => podSync.terminate(pod, options),
  cleanUp: async (pod, { signal }) => {
    const { uid } = podRef(pod);
    const isRemoved = workState(uid)?.isDesired !== true;
    await podSync.cleanUp(pod, { signal, isRemoved });
    if (isRemoved) statuses.forget(uid);
  },
  terminateOrphan: (pod, { signal }) => podSync.terminateOrphan(pod, { signal }),
  cleanUpOrphan: async () => undefined,
  hasRunning: (uid) => cache.get(uid)?.containers.some(({ state }) => state === "running"),
});
