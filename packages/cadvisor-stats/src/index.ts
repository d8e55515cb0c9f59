export { createCollector } from "./collector.ts";
export { readDirectoryUsage } from "./directory-usage.ts";
export { CADVISOR_STATS_ERROR_CODES, CadvisorStatsError, isCadvisorStatsError } from "./errors.ts";
export { createFilesystemReader, statSpace } from "./filesystems.ts";
export { formatJson } from "./json.ts";
export { readMachineInfo } from "./machine/machine-info.ts";
export { CONTAINER_METRIC_NAMES, formatCadvisorMetrics } from "./metrics/cadvisor-metrics.ts";
export { METRICS_CONTENT_TYPES } from "./metrics/exposition.ts";
export { formatResourceMetrics } from "./metrics/resource-metrics.ts";
export { readOwnLimits } from "./own-limits.ts";
export { computeRates } from "./rates.ts";
export { buildSummary, formatSummary } from "./summary/build-summary.ts";
export { toSummaryFs } from "./summary/usage.ts";
export { readOpenFileLimit, readTaskLimits } from "./task-limits.ts";
export type { ProcessDetail } from "./cgroup/processes.ts";
export type { Collector, CollectorOptions, CollectRequest } from "./collector.ts";
export type { DirectoryUsage, DirectoryUsageOptions } from "./directory-usage.ts";
export type { DiskStats } from "./disk-stats.ts";
export type { CadvisorStatsErrorCode } from "./errors.ts";
export type { Filesystem, FilesystemOptions, FilesystemReader, FilesystemSpace } from "./filesystems.ts";
export type { Controller, StatsLayout } from "./layout.ts";
export type { HugePages } from "./machine/hugepages.ts";
export type { BlockDevice, MachineInfo, MachineInfoOptions, MemoryModules, NetworkDevice } from "./machine/machine-info.ts";
export type { CpuCache, CpuCore, NumaNode } from "./machine/topology.ts";
export type { CadvisorMetricsInput } from "./metrics/cadvisor-metrics.ts";
export type { ContainerLabels } from "./metrics/container-sample.ts";
export type { MetricsFormat } from "./metrics/exposition.ts";
export type {
  CgroupLimits,
  CgroupStats,
  CpuUsage,
  DeviceIo,
  InterfaceCounts,
  IoCounts,
  IoUsage,
  MemoryUsage,
  NetworkUsage,
  Pressure,
  PressureLine,
  ProcessCounts,
  Snapshot,
} from "./model.ts";
export type { OwnLimits, OwnLimitsOptions } from "./own-limits.ts";
export type { Rates } from "./rates.ts";
export type { SummaryOptions } from "./summary/build-summary.ts";
export type { ContainerInput, PodInput, SummaryInput } from "./summary/input.ts";
export type {
  Summary,
  SummaryContainer,
  SummaryCpu,
  SummaryFs,
  SummaryInterface,
  SummaryIo,
  SummaryMemory,
  SummaryNetwork,
  SummaryNode,
  SummaryPod,
  SummaryPressure,
  SummarySwap,
  SummaryVolume,
} from "./summary/model.ts";
export type { TaskLimits } from "./task-limits.ts";
