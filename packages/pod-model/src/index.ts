export type * from "./gen/core-v1.ts";
export { coreV1Schema } from "./gen/core-v1-schema.ts";
export { ADMITTED } from "./admit.ts";
export type { AdmitResult } from "./admit.ts";
export { formatContainerId, formatPod, podFullName, podRef } from "./ids.ts";
export type { PodFullName, PodRef, PodUid } from "./ids.ts";
export { CONFIG_ANNOTATIONS, RUNTIME_ANNOTATIONS, RUNTIME_LABELS } from "./labels.ts";
export type { PodLifecycleEvent } from "./lifecycle-event.ts";
export { compareNewestFirst } from "./runtime-pod.ts";
export type {
  RuntimeContainer,
  RuntimeContainerResources,
  RuntimeContainerState,
  RuntimeContainerStatus,
  RuntimePod,
  RuntimePodStatus,
  RuntimeSandbox,
  RuntimeSandboxStatus,
  SandboxState,
} from "./runtime-pod.ts";
export type { PodSource, PodUpdate, SourceProblem, SourceSnapshot } from "./sources.ts";
