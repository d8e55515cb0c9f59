import type { CpuUsage } from "../model.ts";
import type { ContainerFamily, ContainerSample, Value } from "./container-sample.ts";
import { NANOS_PER_SECOND, optional } from "./container-sample.ts";

const seconds = (nanos: bigint): number => Number(nanos) / NANOS_PER_SECOND;

const ofCpu =
  (value: (cpu: CpuUsage) => number) =>
  ({ stats: { cpu } }: ContainerSample): readonly Value[] =>
    cpu === undefined ? [] : [[value(cpu)]];

/** Only where there is a quota. */
const ofQuota =
  (value: (cpu: CpuUsage) => number) =>
  (sample: ContainerSample): readonly Value[] =>
    sample.stats.limits.cpuQuotaMicros === undefined ? [] : ofCpu(value)(sample);

const zeroOf = ({ stats: { cpu } }: ContainerSample): readonly Value[] => (cpu === undefined ? [] : [[0]]);

const TASK_STATES = ["sleeping", "running", "stopped", "uninterruptible", "iowaiting"];

/** Names, types and texts of cAdvisor (metrics/prometheus.go). */
export const CPU_FAMILIES: readonly ContainerFamily[] = [
  {
    name: "container_cpu_user_seconds_total",
    help: "Cumulative user cpu time consumed in seconds.",
    type: "counter",
    values: ofCpu(({ userNanos }) => seconds(userNanos)),
  },
  {
    name: "container_cpu_system_seconds_total",
    help: "Cumulative system cpu time consumed in seconds.",
    type: "counter",
    values: ofCpu(({ systemNanos }) => seconds(systemNanos)),
  },
  {
    name: "container_cpu_usage_seconds_total",
    help: "Cumulative cpu time consumed in seconds.",
    type: "counter",
    // One that never ran has no sample.
    values: ({ stats: { cpu } }) => (cpu === undefined || cpu.usageNanos === 0n ? [] : [[seconds(cpu.usageNanos), { cpu: "total" }]]),
  },
  {
    name: "container_cpu_cfs_periods_total",
    help: "Number of elapsed enforcement period intervals.",
    type: "counter",
    values: ofQuota(({ periods }) => periods),
  },
  {
    name: "container_cpu_cfs_throttled_periods_total",
    help: "Number of throttled period intervals.",
    type: "counter",
    values: ofQuota(({ throttledPeriods }) => throttledPeriods),
  },
  {
    name: "container_cpu_cfs_throttled_seconds_total",
    help: "Total time duration the container has been throttled.",
    type: "counter",
    values: ofQuota(({ throttledNanos }) => seconds(throttledNanos)),
  },
  {
    name: "container_cpu_cfs_burst_periods_total",
    help: "Number of periods when burst occurs.",
    type: "counter",
    values: ofQuota(({ burstPeriods }) => burstPeriods),
  },
  {
    name: "container_cpu_cfs_burst_seconds_total",
    help: "Total time duration the container has been bursted.",
    type: "counter",
    values: ofQuota(({ burstNanos }) => seconds(burstNanos)),
  },
  // The kubelet has the reader of task states switched off: these are zero there too.
  {
    name: "container_cpu_load_average_10s",
    help: "Value of container cpu load average over the last 10 seconds.",
    type: "gauge",
    values: zeroOf,
  },
  {
    name: "container_cpu_load_d_average_10s",
    help: "Value of container cpu load.d average over the last 10 seconds.",
    type: "gauge",
    values: zeroOf,
  },
  {
    name: "container_tasks_state",
    help: "Number of tasks in given state",
    type: "gauge",
    values: ({ stats: { cpu } }) => (cpu === undefined ? [] : TASK_STATES.map((state) => [0, { state }])),
  },
  {
    name: "container_spec_cpu_period",
    help: "CPU period of the container.",
    type: "gauge",
    isSetting: true,
    values: ({ stats: { limits } }) => optional(limits.cpuPeriodMicros),
  },
  {
    name: "container_spec_cpu_quota",
    help: "CPU quota of the container.",
    type: "gauge",
    isSetting: true,
    values: ({ stats: { limits } }) => optional(limits.cpuQuotaMicros),
  },
  {
    name: "container_spec_cpu_shares",
    help: "CPU share of the container.",
    type: "gauge",
    isSetting: true,
    values: ({ stats: { limits } }) => optional(limits.cpuShares),
  },
];
