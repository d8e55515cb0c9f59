import { CONFIG_ANNOTATIONS, isStaticPod, podRef } from "@nk/pod-model";
import type { Pod, PodStatus, PodUid } from "@nk/pod-model";

/** What statuses are computed on when none of the pod was computed yet. */
export interface KnownStatuses {
  of(pod: Pod): PodStatus | undefined;
  /** The pod has ended here and is being forgotten: wanted again, a static pod has the same UID and begins anew. */
  ended(pod: Pod | undefined): void;
}

const isMirrorOf = (mirror: Pod | undefined, pod: Pod): boolean => {
  const hash = pod.metadata?.annotations?.[CONFIG_ANNOTATIONS.hash];
  return hash !== undefined && mirror?.metadata?.annotations?.[CONFIG_ANNOTATIONS.mirror] === hash;
};

/**
 * A pod of the API brings its status. A static pod's outlives a restart of the kubelet in its mirror; the mirror of the version before it tells
 * of another pod, and so does one that shows how this one ended earlier in this kubelet's life: containers that it names are not this pod's,
 * and its final phase would keep it from running. Nor has a pod ended that runs: a final phase is shown when nothing runs any more, and an API
 * server may refuse to take it back when the pod is run again.
 */
export const createKnownStatuses = (
  ports: {
    mirrorOf(pod: Pod): Pod | undefined;
    /** Whether the runtime has a running container of the pod. */
    runs(pod: Pod): boolean;
  },
  { maxEnded = 1000 }: { /** Static pods remembered as ended. Default 1000, the most recent ones. */ readonly maxEnded?: number } = {},
): KnownStatuses => {
  const ended = new Set<PodUid>();
  return {
    of(pod) {
      if (!isStaticPod(pod)) return pod.status;
      if (ended.has(podRef(pod).uid)) return undefined;
      const mirror = ports.mirrorOf(pod);
      if (!isMirrorOf(mirror, pod)) return undefined;
      const phase = mirror?.status?.phase;
      return (phase === "Succeeded" || phase === "Failed") && ports.runs(pod) ? undefined : mirror?.status;
    },
    ended(pod) {
      if (pod === undefined || !isStaticPod(pod)) return;
      const { uid } = podRef(pod);
      ended.delete(uid);
      ended.add(uid);
      const [oldest] = ended;
      if (ended.size > maxEnded && oldest !== undefined) ended.delete(oldest);
    },
  };
};
