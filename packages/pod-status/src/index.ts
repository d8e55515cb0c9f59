export { computePodStatus } from "./compute-pod-status.ts";
export { KUBELET_CONDITIONS } from "./conditions.ts";
export { describeWaiting } from "./explain.ts";
export type { PodStatusInput, ProbeVerdict, StatusOverride, WaitingReason } from "./input.ts";
export { computePhase } from "./phase.ts";
export type { PodPhase } from "./phase.ts";
