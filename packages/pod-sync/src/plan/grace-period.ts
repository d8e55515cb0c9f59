import type { Pod } from "@nk/pod-model";
import type { ContainerSpec, KillReason } from "./pod-plan.ts";

/** No container gets less than this between the stop signal and the kill (reference: minimumGracePeriodInSeconds). */
export const MINIMUM_GRACE_SECONDS = 2;

/** What {@link computeGraceSeconds} takes. */
export interface GraceInput {
  readonly pod: Pod;
  /** Absent for a container the pod does not define. */
  readonly container?: ContainerSpec;
  readonly reason?: KillReason;
  /** Wins over everything the pod states. */
  readonly overrideSeconds?: number;
}

/**
 * How long a container has from now to its end, hooks included, in whole seconds (reference: setTerminationGracePeriod,
 * kuberuntime_container.go): the override, the grace of the deletion, that of the probe that kills it, or the pod's.
 */
export const computeGraceSeconds = ({ pod, container, reason, overrideSeconds }: GraceInput): number => {
  if (overrideSeconds !== undefined) return overrideSeconds;
  const deletion = pod.metadata?.deletionGracePeriodSeconds;
  if (deletion !== undefined) return deletion;
  const own = pod.spec?.terminationGracePeriodSeconds ?? MINIMUM_GRACE_SECONDS;
  if (reason === "liveness") return container?.livenessProbe?.terminationGracePeriodSeconds ?? own;
  if (reason === "startup") return container?.startupProbe?.terminationGracePeriodSeconds ?? own;
  return own;
};
