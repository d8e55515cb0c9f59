import type { PodCondition, PodStatus } from "@nk/pod-model";
import { isFinal } from "../phase.ts";
import { DISRUPTION_TARGET, isKubeletCondition } from "../owned-conditions.ts";

const disruption = (status: PodStatus): PodCondition | undefined => status.conditions?.find(({ type }) => type === DISRUPTION_TARGET);

/** Foreign conditions as the API has them, then the kubelet's own. */
const mergeConditions = (api: PodStatus, ours: PodStatus, becomesFinal: boolean): readonly PodCondition[] => {
  const foreign = (api.conditions ?? []).filter(({ type }) => !isKubeletCondition(type));
  const own = (ours.conditions ?? []).filter(({ type }) => isKubeletCondition(type));
  const told = disruption(ours);
  // Told only together with the final phase it explains; before, the pod may still be running.
  if (told === undefined || !becomesFinal) return [...foreign, ...own];
  const known = disruption(api);
  const since = known?.status === told.status ? known.lastTransitionTime : told.lastTransitionTime;
  const condition = since === undefined ? told : { ...told, lastTransitionTime: since };
  return known === undefined ? [...foreign, condition, ...own] : [...foreign.map((one) => (one === known ? condition : one)), ...own];
};

/** A pod that has ended is not ready, whatever was computed while it still ran (kubernetes/kubernetes#108594). */
const unready = (conditions: readonly PodCondition[], phase: string | undefined): readonly PodCondition[] => {
  if (!isFinal(phase)) return conditions;
  const reason = phase === "Failed" ? "PodFailed" : "PodCompleted";
  return conditions.map((condition) => {
    const { message: _message, ...rest } = condition;
    return (condition.type === "Ready" || condition.type === "ContainersReady") && condition.status === "True"
      ? { ...rest, status: "False", reason }
      : condition;
  });
};

type PhaseFields = Pick<PodStatus, "phase" | "reason" | "message">;

const phaseFields = ({ phase, reason, message }: PodStatus): PhaseFields => ({
  ...(phase === undefined ? {} : { phase }),
  ...(reason === undefined ? {} : { reason }),
  ...(message === undefined ? {} : { message }),
});

/**
 * What the API should show, from what it shows and what the kubelet computed. Rules of the reference (mergePodStatus and
 * updateStatusInternal, pkg/kubelet/status/status_manager.go):
 * - conditions and resource claims of others stay as they are;
 * - a final phase waits until no container of the pod can run any more, and never changes again;
 * - the start time stays, the observed generation never falls.
 *
 * A mirror only repeats what the kubelet says. The same static pod may be removed and written again, under the same UID: its mirror leaves the
 * end of its first life, or one that a user has written, and starts when the pod does.
 */
export const mergeStatus = (
  api: PodStatus,
  ours: PodStatus,
  facts: { readonly couldHaveRunningContainers: boolean; readonly isMirror?: boolean },
): PodStatus => {
  const isFinalBefore = isFinal(api.phase);
  const becomesFinal = !isFinalBefore && isFinal(ours.phase);
  const keepsPhase = becomesFinal ? facts.couldHaveRunningContainers : isFinalBefore && facts.isMirror !== true && api.phase !== ours.phase;
  const phase = phaseFields(keepsPhase ? api : ours);
  const { phase: _phase, reason: _reason, message: _message, conditions: _conditions, ...rest } = ours;
  const generation = Math.max(api.observedGeneration ?? 0, ours.observedGeneration ?? 0);
  const conditions = mergeConditions(api, ours, becomesFinal && !facts.couldHaveRunningContainers);
  const startTime = facts.isMirror === true ? (ours.startTime ?? api.startTime) : (api.startTime ?? ours.startTime);
  const ephemeral = ours.ephemeralContainerStatuses ?? api.ephemeralContainerStatuses;
  return {
    ...rest,
    ...phase,
    ...(generation === 0 ? {} : { observedGeneration: generation }),
    ...(conditions.length === 0 ? {} : { conditions: unready(conditions, phase.phase) }),
    ...(startTime === undefined ? {} : { startTime }),
    // Not computed by every caller; what another kubelet wrote is not lost.
    ...(ephemeral === undefined ? {} : { ephemeralContainerStatuses: ephemeral }),
    ...(api.nominatedNodeName === undefined ? {} : { nominatedNodeName: api.nominatedNodeName }),
    ...(api.resourceClaimStatuses === undefined ? {} : { resourceClaimStatuses: api.resourceClaimStatuses }),
    ...(api.extendedResourceClaimStatus === undefined ? {} : { extendedResourceClaimStatus: api.extendedResourceClaimStatus }),
    ...(api.nodeAllocatableResourceClaimStatuses === undefined
      ? {}
      : { nodeAllocatableResourceClaimStatuses: api.nodeAllocatableResourceClaimStatuses }),
  };
};
