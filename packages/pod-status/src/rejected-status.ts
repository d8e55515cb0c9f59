import { computeQosClass, formatTimestamp } from "@nk/pod-model";
import type { Pod, PodStatus } from "@nk/pod-model";

/** Why a pod may not run on this node. */
export interface Rejection {
  /** e.g. `OutOfcpu`, `NodeAffinity`. */
  readonly reason: string;
  readonly message: string;
}

/**
 * The status of a pod that was rejected at admission: failed, why, and nothing about containers or conditions, since nothing was ever done
 * for it (rejectPod, pkg/kubelet/kubelet.go in the reference).
 */
export const computeRejectedStatus = (
  pod: Pod,
  { reason, message }: Rejection,
  facts: { readonly previous: PodStatus | undefined; readonly nowMs: number },
): PodStatus => {
  const generation = pod.metadata?.generation;
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase: "Failed",
    reason,
    message: `Pod was rejected: ${message}`,
    startTime: facts.previous?.startTime ?? formatTimestamp(facts.nowMs),
    qosClass: computeQosClass(pod),
  };
};
