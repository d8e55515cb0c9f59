import type { MemoryUsage } from "../model.ts";
import type { ContainerFamily, ContainerSample, Value } from "./container-sample.ts";

const ofMemory =
  (value: (memory: MemoryUsage) => number) =>
  ({ stats: { memory } }: ContainerSample): readonly Value[] =>
    memory === undefined ? [] : [[value(memory)]];

/** A limit that is none is zero. */
const limitOf =
  (key: "memoryBytes" | "swapBytes" | "memoryReservationBytes") =>
  ({ stats: { memory, limits } }: ContainerSample): readonly Value[] =>
    memory === undefined ? [] : [[limits[key] ?? 0]];

const gauge = (name: string, help: string, value: (memory: MemoryUsage) => number): ContainerFamily => ({
  name,
  help,
  type: "gauge",
  values: ofMemory(value),
});

const SCOPES = ["container", "hierarchy"];

/** Names, types and texts of cAdvisor (metrics/prometheus.go). */
export const MEMORY_FAMILIES: readonly ContainerFamily[] = [
  gauge("container_memory_cache", "Number of bytes of page cache memory.", ({ cacheBytes }) => cacheBytes),
  gauge("container_memory_rss", "Size of RSS in bytes.", ({ rssBytes }) => rssBytes),
  gauge("container_memory_kernel_usage", "Size of kernel memory allocated in bytes.", ({ kernelBytes }) => kernelBytes),
  gauge("container_memory_mapped_file", "Size of memory mapped files in bytes.", ({ mappedFileBytes }) => mappedFileBytes),
  gauge("container_memory_swap", "Container swap usage in bytes.", ({ swapBytes }) => swapBytes),
  gauge(
    "container_memory_usage_bytes",
    "Current memory usage in bytes, including all memory regardless of when it was accessed",
    ({ usageBytes }) => usageBytes,
  ),
  gauge("container_memory_max_usage_bytes", "Maximum memory usage recorded in bytes", ({ maxUsageBytes }) => maxUsageBytes),
  gauge("container_memory_working_set_bytes", "Current working set in bytes.", ({ workingSetBytes }) => workingSetBytes),
  gauge("container_memory_total_active_file_bytes", "Current total active file in bytes.", ({ activeFileBytes }) => activeFileBytes),
  gauge(
    "container_memory_total_inactive_file_bytes",
    "Current total inactive file in bytes.",
    ({ inactiveFileBytes }) => inactiveFileBytes,
  ),
  {
    name: "container_memory_failcnt",
    help: "Number of memory usage hits limits",
    type: "counter",
    values: ofMemory(({ limitHits }) => limitHits),
  },
  {
    name: "container_memory_failures_total",
    help: "Cumulative count of memory allocation failures.",
    type: "counter",
    // The two scopes are the same number, as in the reference.
    values: ({ stats: { memory } }) =>
      memory === undefined
        ? []
        : SCOPES.flatMap((scope): readonly Value[] => [
            [memory.pageFaults, { failure_type: "pgfault", scope }],
            [memory.majorPageFaults, { failure_type: "pgmajfault", scope }],
          ]),
  },
  {
    name: "container_oom_events_total",
    help: "Count of out of memory events observed for the container",
    type: "counter",
    values: ({ stats: { memory } }) => [[memory?.oomKills ?? 0]],
  },
  {
    name: "container_spec_memory_limit_bytes",
    help: "Memory limit for the container.",
    type: "gauge",
    isSetting: true,
    values: limitOf("memoryBytes"),
  },
  {
    name: "container_spec_memory_swap_limit_bytes",
    help: "Memory swap limit for the container.",
    type: "gauge",
    isSetting: true,
    values: limitOf("swapBytes"),
  },
  {
    name: "container_spec_memory_reservation_limit_bytes",
    help: "Memory reservation limit for the container.",
    type: "gauge",
    isSetting: true,
    values: limitOf("memoryReservationBytes"),
  },
];
