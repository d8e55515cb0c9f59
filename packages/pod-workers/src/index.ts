export { createActiveDeadlines } from "./active-deadlines.ts";
export type { ActiveDeadlines, ActiveDeadlinesOptions } from "./active-deadlines.ts";
export { formatAllocations, openAllocationFile, parseAllocations } from "./allocation/checkpoint.ts";
export type { Allocation, AllocationStore } from "./allocation/checkpoint.ts";
export type { PendingResize, PodResize, ResizeInProgress } from "./allocation/pod-resize.ts";
export { createPodWorkers } from "./pod-workers.ts";
export type { PodWorkers } from "./pod-workers.ts";
export type { Decision } from "./decisions.ts";
export { isMirrorPod } from "./desired-pods.ts";
export { isPodWorkersError, POD_WORKERS_ERROR_CODES, PodWorkersError } from "./errors.ts";
export type { PodWorkersErrorCode } from "./errors.ts";
export { computeGraceSeconds } from "./grace.ts";
export { computeMerge, computeUpdate, orderUpdates } from "./merge.ts";
export type { MergeResult } from "./merge.ts";
export { createPodWorkersMetrics } from "./metrics.ts";
export type { PodWorkersMetrics } from "./metrics.ts";
export type { PodWorkersOptions } from "./options.ts";
export type { KillOutcome, KillRequest, PodWork, PodWorkState, TerminationCause } from "./pod-work.ts";
export type {
  AdmissionAnswer,
  AdmissionContext,
  CleanUpOptions,
  EventPort,
  PodAdmission,
  PodRuntimePort,
  PodStatusPort,
  PodWorkersPorts,
  ResizeOrder,
  ResizeReport,
  SyncAnswer,
  TerminateOptions,
} from "./ports.ts";
export { computeNodeAdmission } from "./predicates/node-admission.ts";
export type { NodeAdmissionInput } from "./predicates/node-admission.ts";
export { createNodeAdmission } from "./predicates/create-node-admission.ts";
export type { AdmitHandler, NodeAdmissionOptions, NodeAdmissionPorts } from "./predicates/create-node-admission.ts";
export type { ResizeLimits } from "./predicates/resize-limits.ts";
