import type { InterfaceCounts, Pressure, ProcessCounts } from "../model.ts";
import type { ContainerFamily, ContainerSample, Value } from "./container-sample.ts";

const network = (name: string, help: string, value: (one: InterfaceCounts) => bigint): ContainerFamily => ({
  name,
  help,
  type: "counter",
  values: ({ stats }) => (stats.network?.interfaces ?? []).map((one) => [Number(value(one)), { interface: one.name }]),
});

const processes = (name: string, help: string, value: (counts: ProcessCounts) => number): ContainerFamily => ({
  name,
  help,
  type: "gauge",
  values: ({ stats }) => (stats.processes === undefined ? [] : [[value(stats.processes)]]),
});

const pressure = (resource: "cpu" | "memory" | "io", kind: "stalled" | "waiting"): ContainerFamily => {
  const shown = resource === "memory" ? "memory" : resource.toUpperCase();
  const who = kind === "stalled" ? "no tasks in the container could make progress" : "tasks in the container have waited";
  const line = ({ some, full }: Pressure): number => (kind === "stalled" ? full : some).totalMicros;
  return {
    name: `container_pressure_${resource}_${kind}_seconds_total`,
    help: `Total time duration ${who} due to ${shown} congestion.`,
    type: "counter",
    values: ({ stats }: ContainerSample): readonly Value[] => {
      const found = stats[resource]?.pressure;
      return found === undefined ? [] : [[line(found) / 1e6]];
    },
  };
};

/** Names, types and texts of cAdvisor (metrics/prometheus.go). */
export const OTHER_FAMILIES: readonly ContainerFamily[] = [
  {
    name: "container_last_seen",
    help: "Last time a container was seen by the exporter",
    type: "gauge",
    values: ({ stats }) => [[Math.trunc(stats.timeMs / 1000)]],
  },
  // A cgroup has no health check.
  { name: "container_health_state", help: "The result of the container's health check", type: "gauge", values: () => [[-1]] },
  {
    name: "container_start_time_seconds",
    help: "Start time of the container since unix epoch in seconds.",
    type: "gauge",
    isSetting: true,
    values: ({ stats }) => (stats.createdAtMs === undefined ? [] : [[Math.trunc(stats.createdAtMs / 1000)]]),
  },
  network("container_network_receive_bytes_total", "Cumulative count of bytes received", ({ rxBytes }) => rxBytes),
  network("container_network_receive_packets_total", "Cumulative count of packets received", ({ rxPackets }) => rxPackets),
  network(
    "container_network_receive_packets_dropped_total",
    "Cumulative count of packets dropped while receiving",
    ({ rxDropped }) => rxDropped,
  ),
  network("container_network_receive_errors_total", "Cumulative count of errors encountered while receiving", ({ rxErrors }) => rxErrors),
  network("container_network_transmit_bytes_total", "Cumulative count of bytes transmitted", ({ txBytes }) => txBytes),
  network("container_network_transmit_packets_total", "Cumulative count of packets transmitted", ({ txPackets }) => txPackets),
  network(
    "container_network_transmit_packets_dropped_total",
    "Cumulative count of packets dropped while transmitting",
    ({ txDropped }) => txDropped,
  ),
  network(
    "container_network_transmit_errors_total",
    "Cumulative count of errors encountered while transmitting",
    ({ txErrors }) => txErrors,
  ),
  processes("container_processes", "Number of processes running inside the container.", (counts) => counts.processes),
  processes("container_file_descriptors", "Number of open file descriptors for the container.", (counts) => counts.fileDescriptors),
  processes("container_sockets", "Number of open sockets for the container.", (counts) => counts.sockets),
  {
    name: "container_threads_max",
    help: "Maximum number of threads allowed inside the container, infinity if value is zero",
    type: "gauge",
    values: ({ stats }) => [[stats.limits.tasks ?? 0]],
  },
  {
    name: "container_threads",
    help: "Number of threads running inside the container",
    type: "gauge",
    values: ({ stats }) => [[stats.tasks ?? 0]],
  },
  {
    name: "container_ulimits_soft",
    help: "Soft ulimit values for the container root process. Unlimited if -1, except priority and nice",
    type: "gauge",
    values: ({ maxOpenFiles }) => (maxOpenFiles === undefined ? [] : [[maxOpenFiles, { ulimit: "max_open_files" }]]),
  },
];

/** Pressure of each cgroup; the reference shows it where cgroup v2 is all there is. */
export const PRESSURE_FAMILIES: readonly ContainerFamily[] = (["cpu", "memory", "io"] as const).flatMap((resource) => [
  pressure(resource, "stalled"),
  pressure(resource, "waiting"),
]);
