export { isPlegError, PLEG_ERROR_CODES, PlegError } from "./errors.ts";
export type { PlegErrorCode } from "./errors.ts";
export { computeLifecycleEvents, isSameInList } from "./lifecycle.ts";
export { createPlegMetrics } from "./metrics.ts";
export type { PlegMetrics } from "./metrics.ts";
export type { PlegOptions } from "./options.ts";
export { createPleg } from "./pleg.ts";
export type { Pleg, PlegPorts } from "./pleg.ts";
export type { PodStatusRequest, RuntimeEvent, RuntimeView } from "./ports.ts";
export type { PlegMode, RuntimeHealth, RuntimeHealthSnapshot } from "./runtime-health.ts";
export { createPodStatusCache } from "./status-cache.ts";
export type { PodGrowth, PodHealth, PodHealthListener, PodStatusCache, PodStatusCacheOptions, PodStatusListener } from "./status-cache.ts";
export { createRuntimeStatus } from "./runtime-status.ts";
export type {
  RuntimeCondition,
  RuntimeSelfReport,
  RuntimeStatus,
  RuntimeStatusOptions,
  RuntimeStatusPort,
  RuntimeStatusSnapshot,
} from "./runtime-status.ts";
