export type * from "./gen/core-v1.ts";
export { coreV1Schema } from "./gen/core-v1-schema.ts";
export { ADMITTED } from "./admit.ts";
export type { AdmitResult } from "./admit.ts";
export { containerHash } from "./container-hash.ts";
export { decodeObject, formatFieldPath } from "./decode.ts";
export type { DecodeProblem, DecodeResult, FieldPath } from "./decode.ts";
export { applyPodDefaults } from "./defaults.ts";
export { isPodModelError, POD_MODEL_ERROR_CODES, PodModelError } from "./errors.ts";
export type { PodModelErrorCode } from "./errors.ts";
export { hideExecutable } from "./executable-message.ts";
export { expandSubPath, expandVariables } from "./expansion.ts";
export type { VariableLookup } from "./expansion.ts";
export { formatContainerId, formatPod, podFullName, podRef } from "./ids.ts";
export type { PodFullName, PodRef, PodUid } from "./ids.ts";
export { CONFIG_ANNOTATIONS, RUNTIME_ANNOTATIONS, RUNTIME_LABELS } from "./labels.ts";
export type { PodLifecycleEvent } from "./lifecycle-event.ts";
export {
  hasRestartAlways,
  isCriticalPod,
  isHostNetwork,
  isMirrorPod,
  isSidecar,
  isStaticPod,
  listContainers,
  SYSTEM_CRITICAL_PRIORITY,
} from "./predicates.ts";
export { computeQosClass, hasPodLevelResources } from "./qos.ts";
export type { QosClass } from "./qos.ts";
export { defaultPullPolicy } from "./pull-policy.ts";
export {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityMilliValue,
  quantityOf,
  quantityOfMilli,
  quantityValue,
  roundUpToMilli,
  subtractQuantities,
} from "./quantity.ts";
export type { Quantity, QuantityFormat } from "./quantity.ts";
export { ADMIT_REASONS, CONTAINER_REASONS, EVENT_REASONS } from "./reasons.ts";
export type { AdmitReason, ContainerReason, EventReason } from "./reasons.ts";
export { computePodLimits, computePodRequests, formatResources, hasLimitOnEveryContainer, parseResources } from "./resources.ts";
export type { ResourceAmounts } from "./resources.ts";
export { resolveRecursiveReadOnly } from "./recursive-read-only.ts";
export type { RecursiveReadOnly } from "./recursive-read-only.ts";
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
export { dottedSysctlName } from "./sysctl-name.ts";
export type { PodSource, PodUpdate, SourceProblem, SourceSnapshot } from "./sources.ts";
export { formatNanosTimestamp, formatTimestamp, formatTimestampMicro, formatTimestampNano, parseTimestamp } from "./time.ts";
