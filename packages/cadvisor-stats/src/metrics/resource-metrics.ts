import type { CgroupStats } from "../model.ts";
import type { ContainerInput, PodInput, SummaryInput } from "../summary/input.ts";
import { NANOS_PER_SECOND } from "./container-sample.ts";
import type { Family, LabelSet, MetricsFormat, Sample } from "./exposition.ts";
import { formatFamilies } from "./exposition.ts";

/** A value of one cgroup; undefined when it cannot be told. */
type Measure = (stats: CgroupStats) => number | undefined;

const cpuSeconds: Measure = ({ cpu }) => (cpu === undefined ? undefined : Number(cpu.usageNanos) / NANOS_PER_SECOND);
const workingSet: Measure = ({ memory }) => memory?.workingSetBytes;
const swapUsage: Measure = ({ memory }) => memory?.swapBytes;
const swapLimit: Measure = ({ memory, limits }) => (memory === undefined ? undefined : limits.swapBytes);

interface Level {
  readonly labels: LabelSet;
  readonly stats: CgroupStats;
}

interface Described {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly measure: Measure;
}

const toSamples = (levels: readonly Level[], measure: Measure): readonly Sample[] =>
  levels.flatMap(({ labels, stats }) => {
    const value = measure(stats);
    return value === undefined ? [] : [{ labels, value, timeMs: stats.timeMs }];
  });

const NODE: readonly Described[] = [
  {
    name: "node_cpu_usage_seconds_total",
    help: "[STABLE] Cumulative cpu time consumed by the node in core-seconds",
    type: "counter",
    measure: cpuSeconds,
  },
  { name: "node_memory_working_set_bytes", help: "[STABLE] Current working set of the node in bytes", type: "gauge", measure: workingSet },
  {
    name: "node_swap_usage_bytes",
    help: "[ALPHA] Current swap usage of the node in bytes. Reported only on non-windows systems",
    type: "gauge",
    measure: swapUsage,
  },
];

const POD: readonly Described[] = [
  {
    name: "pod_cpu_usage_seconds_total",
    help: "[STABLE] Cumulative cpu time consumed by the pod in core-seconds",
    type: "counter",
    measure: cpuSeconds,
  },
  { name: "pod_memory_working_set_bytes", help: "[STABLE] Current working set of the pod in bytes", type: "gauge", measure: workingSet },
  {
    name: "pod_swap_usage_bytes",
    help: "[ALPHA] Current amount of the pod swap usage in bytes. Reported only on non-windows systems",
    type: "gauge",
    measure: swapUsage,
  },
];

const CONTAINER: readonly Described[] = [
  {
    name: "container_cpu_usage_seconds_total",
    help: "[STABLE] Cumulative cpu time consumed by the container in core-seconds",
    type: "counter",
    measure: cpuSeconds,
  },
  {
    name: "container_memory_working_set_bytes",
    help: "[STABLE] Current working set of the container in bytes",
    type: "gauge",
    measure: workingSet,
  },
  {
    name: "container_swap_limit_bytes",
    help: "[ALPHA] Current amount of the container swap limit in bytes. Reported only on non-windows systems",
    type: "gauge",
    measure: swapLimit,
  },
  {
    name: "container_swap_usage_bytes",
    help: "[ALPHA] Current amount of the container swap usage in bytes. Reported only on non-windows systems",
    type: "gauge",
    measure: swapUsage,
  },
];

const families = (described: readonly Described[], levels: readonly Level[]): readonly Family[] =>
  described.map(({ name, help, type, measure }) => ({ name, help, type, samples: toSamples(levels, measure) }));

/** A container's start has no time of its own. */
const startTimes = (containers: readonly (Level & { readonly startedAtMs: number | undefined })[]): Family => ({
  name: "container_start_time_seconds",
  help: "[STABLE] Start time of the container since unix epoch in seconds",
  type: "gauge",
  samples: containers.flatMap(({ labels, stats, startedAtMs = stats.createdAtMs }) =>
    startedAtMs === undefined ? [] : [{ labels, value: startedAtMs / 1000 }],
  ),
});

/** The page /metrics/resource, in pieces of one metric each, as the kubelet of Kubernetes 1.36 shows it. */
export const formatResourceMetrics = (input: SummaryInput, format: MetricsFormat = "prometheus"): Generator<string> => {
  const at = <T extends object>(path: string, level: T): readonly (T & { readonly stats: CgroupStats })[] => {
    const stats = input.snapshot.cgroups.get(path);
    return stats === undefined ? [] : [{ ...level, stats }];
  };
  const podLabels = ({ name, namespace }: PodInput): LabelSet => ({ pod: name, namespace });
  const ofContainer = (pod: PodInput, { name, path, startedAtMs }: ContainerInput) =>
    at(path, { labels: { container: name, ...podLabels(pod) }, startedAtMs });
  const containers = input.pods.flatMap((pod) => pod.containers.flatMap((container) => ofContainer(pod, container)));
  const scrapeError: Family = {
    name: "resource_scrape_error",
    help: "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise",
    type: "gauge",
    samples: [{ labels: {}, value: 0 }],
  };
  const all = [
    ...families(NODE, at("/", { labels: {} })),
    ...families(
      POD,
      input.pods.flatMap((pod) => at(pod.path, { labels: podLabels(pod) })),
    ),
    ...families(CONTAINER, containers),
    startTimes(containers),
    scrapeError,
  ];
  return formatFamilies(
    all.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    format,
  );
};
