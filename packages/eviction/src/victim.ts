import { podRef } from "@nk/pod-model";
import type { Pod, PodCondition } from "@nk/pod-model";
import type { Signal } from "./signals.ts";

/** The reason in the pod's status, in its event, and in the refusal of pods under pressure. */
export const EVICTION_REASON = "Evicted";

/** Limits of a pod on its own disk usage; their excess evicts it whatever the node has left. */
export type LimitSignal = "emptydirfs.limit" | "ephemeralpodfs.limit" | "ephemeralcontainerfs.limit";

/** A pod that has to go, and everything that is said about it: phase Failed, this reason and message. */
export interface Victim {
  readonly pod: Pod;
  /** The label of kubelet_evictions. */
  readonly signal: Signal | LimitSignal;
  readonly reason: typeof EVICTION_REASON;
  readonly message: string;
  /** Of the pod's event, which is a Warning with the reason and the message. */
  readonly annotations: { readonly [key: string]: string };
  /** Overrides the pod's own; at least 1. */
  readonly gracePeriodSeconds: number;
  /** To be put into the pod's status. A pod that only exceeded its own limits was not disrupted, and gets none. */
  readonly condition?: Pick<PodCondition, "type" | "status" | "reason" | "message">;
}

/** How long a pod may take when there is no time: hard thresholds and limits. */
export const IMMEDIATE_GRACE_SECONDS = 1;

/** The grace period of a pod that goes for a soft threshold: the pod's own, at most what the node grants, at least 1 s. */
export const softGraceSeconds = (pod: Pod, maxPodGracePeriodSeconds: number): number =>
  Math.max(
    IMMEDIATE_GRACE_SECONDS,
    Math.min(maxPodGracePeriodSeconds, pod.spec?.terminationGracePeriodSeconds ?? maxPodGracePeriodSeconds),
  );

/** `namespace/name`, for people. */
export const nameOf = (pod: Pod): string => {
  const { namespace, name } = podRef(pod);
  return `${namespace}/${name}`;
};
