export { buildContainerConfig } from "./config/container-config.ts";
export type { ContainerConfigInput, DeviceAllocation } from "./config/container-config.ts";
export { computePodDns } from "./config/dns.ts";
export type { DnsFacts, DnsProblem, PodDns } from "./config/dns.ts";
export { createEnvFileReader } from "./config/env-file.ts";
export type { ReadEnvFileValue } from "./config/env-file.ts";
export { buildEnvironment } from "./config/environment.ts";
export type { EnvData, EnvFile, EnvFileLookup, EnvironmentInput, EnvObjects } from "./config/environment.ts";
export { resolveFieldRef } from "./config/field-ref.ts";
export type { FieldFacts } from "./config/field-ref.ts";
export { renderHostsFile } from "./config/hosts-file.ts";
export type { HostsFileInput } from "./config/hosts-file.ts";
export { containerLogPath, podLogDir } from "./config/log-paths.ts";
export type { UserNamespaceMapping } from "./config/namespaces.ts";
export type { ResolvedVolumeMount } from "./config/mounts.ts";
export type { NodeFacts, ServiceEnv, SwapBehavior } from "./config/node-facts.ts";
export { computePodCgroupLimits } from "./config/pod-cgroup.ts";
export type { PodCgroupLimits } from "./config/pod-cgroup.ts";
export { isConfigRejectedError } from "./config/reject.ts";
export { DNS_LIMITS, findResolvConfProblem, parseResolvConf } from "./config/resolv-conf.ts";
export type { ResolvConf, ResolvConfFacts } from "./config/resolv-conf.ts";
export type { ImageUser } from "./config/run-as-non-root.ts";
export { resolveResourceFieldRef } from "./config/resource-field-ref.ts";
export type { ResourceFieldFacts } from "./config/resource-field-ref.ts";
export { buildSandboxConfig } from "./config/sandbox-config.ts";
export type { SandboxConfigInput } from "./config/sandbox-config.ts";
export { isPodSyncError, POD_SYNC_ERROR_CODES, PodSyncError } from "./errors.ts";
export type { PodSyncErrorCode, PodSyncErrorDetails } from "./errors.ts";
export { explainPlan } from "./execute/explain-plan.ts";
export type { Decision } from "./execute/explain-plan.ts";
export { createPodSync } from "./execute/pod-sync.ts";
export type { CleanUpOptions, PodSync, SyncOptions, TerminateOptions } from "./execute/pod-sync.ts";
export type { WaitingReason } from "./execute/start-container.ts";
export type { SweepOptions } from "./execute/sweep-remains.ts";
export type { ResizeOrder } from "./execute/sync-context.ts";
export type { SyncResult } from "./execute/sync-pod.ts";
export { openUserNamespaces } from "./files/user-namespaces.ts";
export type { UserNamespaces, UserNamespacesOptions } from "./files/user-namespaces.ts";
export type { IdRange } from "./files/user-namespace-record.ts";
export { createPodFiles } from "./files/pod-files.ts";
export type { NamedContainer, PodFiles, PodFilesOptions } from "./files/pod-files.ts";
export { MAX_TERMINATION_MESSAGE_BYTES, readTerminationMessage } from "./files/termination-message.ts";
export type { TerminationMessageInput } from "./files/termination-message.ts";
export { createPodSyncMetrics } from "./metrics.ts";
export type { PodSyncMetrics } from "./metrics.ts";
export type { PodStep, PodSyncOptions } from "./options.ts";
export { computePlan } from "./plan/compute-plan.ts";
export { crashBackoffUpTo, DEFAULT_CRASH_BACKOFF_LIMITS } from "./plan/crash-backoff.ts";
export type { CrashBackoffEntry, CrashBackoffLimits } from "./plan/crash-backoff.ts";
export { computeKillOrder } from "./plan/kill-order.ts";
export type { PlanFacts, PlanInput, ProbeResults } from "./plan/plan-input.ts";
export type { ContainerUpdate, PlanResize, ResizeFacts } from "./plan/resize.ts";
export type {
  ContainerKill,
  ContainerKind,
  ContainerRemoval,
  ContainerSpec,
  ContainerStart,
  KillPodReason,
  KillReason,
  PlanWait,
  PodPlan,
  SandboxChange,
  StartReason,
} from "./plan/pod-plan.ts";
export type {
  CallOptions,
  CgroupPort,
  ContainerPort,
  ContainerWish,
  EventPort,
  ExtrasPort,
  FilePort,
  FileRemovalPort,
  HookHttpRequest,
  HookPort,
  ImageAnswer,
  ImagePort,
  ImageWish,
  NodePort,
  ObservedPort,
  PodCgroupState,
  PodEvent,
  PodSyncPorts,
  PreparedVolume,
  PreparedVolumes,
  ProbePort,
  ResizePort,
  RuntimeHandlerFacts,
  SandboxPort,
  SubPathRequest,
  UserNamespacePort,
  VolumePort,
} from "./ports.ts";
