export { computePodStatus } from "./compute-pod-status.ts";
export { KUBELET_CONDITIONS } from "./conditions.ts";
export { describeWaiting } from "./explain.ts";
export type { PodStatusInput, ProbeVerdict, StatusOverride, WaitingReason } from "./input.ts";
export { computePhase } from "./phase.ts";
export type { PodPhase } from "./phase.ts";
export { createPodStatuses } from "./pod-statuses.ts";
export type { PodStanding, PodStatuses, PodStatusesOptions } from "./pod-statuses.ts";
export type { PodFactsPort } from "./ports.ts";
