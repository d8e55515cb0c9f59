import { computePodLimits, computePodRequests, computeQosClass, formatResources } from "@nk/pod-model";
import { formatTimestamp } from "@nk/pod-model";
import type { PodStatus } from "@nk/pod-model";
import { computeAddresses } from "./addresses.ts";
import { closeStatus } from "./close-status.ts";
import { computeConditions } from "./conditions.ts";
import { computeContainerStatuses } from "./container-statuses.ts";
import type { PodStatusInput } from "./input.ts";
import { computePhase, isFinal } from "./phase.ts";
import type { PodPhase } from "./phase.ts";

/**
 * What the pod was given, and what it has: the same, but while a resize is in progress. The reference replaces the latter by what it reads
 * from the pod's cgroup once that exists; see the README.
 */
const podResources = (input: PodStatusInput): Pick<PodStatus, "allocatedResources" | "resources"> => {
  const requests = formatResources(computePodRequests(input.pod));
  const limits = formatResources(computePodLimits(input.pod));
  const hasRequests = Object.keys(requests).length > 0;
  const hasLimits = Object.keys(limits).length > 0;
  const before = input.resize?.inProgress === undefined ? undefined : input.previous?.resources;
  return {
    ...(hasRequests ? { allocatedResources: requests } : {}),
    resources: before ?? { ...(hasLimits ? { limits } : {}), ...(hasRequests ? { requests } : {}) },
  };
};

/** A reason and message live as long as the phase they explain. */
const explanation = (input: PodStatusInput, phase: PodPhase): Pick<PodStatus, "reason" | "message"> => {
  if (input.override !== undefined) return { reason: input.override.reason, message: input.override.message };
  const { previous } = input;
  if (previous === undefined || previous.phase !== phase) return {};
  return {
    ...(previous.reason === undefined ? {} : { reason: previous.reason }),
    ...(previous.message === undefined ? {} : { message: previous.message }),
  };
};

/**
 * The API shows the pod's end and the runtime has nothing of it any more: an earlier kubelet has closed the books, and whatever could be
 * computed now knows less. A rejected pod stays one that never had containers.
 */
const isClosed = ({ pod, observed, previous, stoppedForGood }: PodStatusInput): boolean =>
  stoppedForGood && isFinal(pod.status?.phase) && isFinal(previous?.phase) && (observed?.containers ?? []).length === 0;

/**
 * The status of a pod, computed from what is desired, what the runtime has, and what was said before. Pure: the same input gives the
 * same status. A final phase never changes again. Source: pkg/kubelet/kubelet_pods.go (generateAPIPodStatus) and pkg/kubelet/status,
 * kubelet v1.36.
 */
export const computePodStatus = (input: PodStatusInput): PodStatus => {
  if (isClosed(input) && input.previous !== undefined) return input.previous;
  const statuses = computeContainerStatuses(input);
  const facts = { initContainers: statuses.initContainers, containers: statuses.containers };
  const computed = input.override?.phase ?? computePhase({ pod: input.pod, ...facts, stoppedForGood: input.stoppedForGood });
  const before = [input.pod.status?.phase, input.previous?.phase].find(isFinal);
  const phase: PodPhase = before ?? computed;
  const generation = input.pod.metadata?.generation;
  const status: PodStatus = {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    // Closing the books makes a phase final and leaves the conditions as they were; computed once more they are the same.
    conditions: computeConditions({ input, phase: input.stoppedForGood ? computed : phase, ...facts }),
    ...explanation(input, phase),
    ...computeAddresses(input),
    startTime: input.previous?.startTime ?? formatTimestamp(input.nowMs),
    ...(statuses.initContainers.length > 0 ? { initContainerStatuses: statuses.initContainers } : {}),
    containerStatuses: statuses.containers,
    ...(statuses.ephemeralContainers.length > 0 ? { ephemeralContainerStatuses: statuses.ephemeralContainers } : {}),
    qosClass: computeQosClass(input.pod),
    ...podResources(input),
  };
  return input.stoppedForGood ? closeStatus(input.pod, status, input.previous) : status;
};
