export { createActiveDeadlines } from "./active-deadlines.ts";
export type { ActiveDeadlines, ActiveDeadlinesOptions } from "./active-deadlines.ts";
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
  CleanUpOptions,
  EventPort,
  PodAdmission,
  PodRuntimePort,
  PodStatusPort,
  PodWorkersPorts,
  SyncAnswer,
  TerminateOptions,
} from "./ports.ts";
export { computeNodeAdmission } from "./predicates/node-admission.ts";
export type { NodeAdmissionInput } from "./predicates/node-admission.ts";
