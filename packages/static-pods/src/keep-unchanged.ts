import { CONFIG_ANNOTATIONS } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";

const withSeen = (pod: Pod, seen: string): Pod => ({
  ...pod,
  metadata: { ...pod.metadata, annotations: { ...pod.metadata?.annotations, [CONFIG_ANNOTATIONS.seen]: seen } },
});

/**
 * Carries over what a new reading must not change: a pod that says the same is the same object as before, and one that kept its UID was
 * first seen when it was. Both readings are of the same file or URL.
 */
export const keepUnchangedPods = (pods: readonly Pod[], before: readonly Pod[]): readonly Pod[] => {
  const byUid = new Map(before.map((pod) => [pod.metadata?.uid, pod]));
  return pods.map((pod) => {
    const old = byUid.get(pod.metadata?.uid);
    const seen = old?.metadata?.annotations?.[CONFIG_ANNOTATIONS.seen];
    if (old === undefined || seen === undefined) return pod;
    const renewed = withSeen(pod, seen);
    return JSON.stringify(renewed) === JSON.stringify(old) ? old : renewed;
  });
};
