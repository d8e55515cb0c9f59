import type { ContainerStatus, PodStatus } from "@nk/pod-model";
import type { Counter, Histogram, MetricRegister } from "@nk/stdx";

/** The metrics of the status writer; names, labels and buckets of those of the reference are the reference's. */
export interface StatusWriterMetrics {
  /** From the first change that the API does not show yet to its acknowledgement, however many changes came between. */
  readonly syncDuration: Histogram;
  /** `container_type`: container, init_container, ephemeral_container. */
  readonly terminatedContainers: Counter;
  /** `operation`: patch, read, delete. `outcome`: done, gone, refused, failed. nk's own. */
  readonly requests: Counter;
}

/** Registers the metrics of the status writer; call it once per registry. */
export const createStatusWriterMetrics = (register: MetricRegister): StatusWriterMetrics => ({
  syncDuration: register.histogram({
    name: "kubelet_pod_status_sync_duration_seconds",
    help: "[ALPHA] Duration in seconds to sync a pod status update. Measures time from detection of a change to pod status until the API is successfully updated for that pod, even if multiple intevening changes to pod status occur.",
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 20, 30, 45, 60],
  }),
  terminatedContainers: register.counter({
    name: "kubelet_terminated_containers_total",
    help: "[ALPHA] Cumulative number of container terminations.",
    labelNames: ["container_type", "exit_code", "reason"],
  }),
  requests: register.counter({
    name: "nk_pod_status_requests_total",
    help: "Requests about pod statuses to the API server, by operation and outcome.",
    labelNames: ["operation", "outcome"],
  }),
});

const LISTS = {
  initContainerStatuses: "init_container",
  containerStatuses: "container",
  ephemeralContainerStatuses: "ephemeral_container",
} as const;

/** Counts containers that have ended in `after` and had not in `before`. */
export const countTerminations = (metrics: StatusWriterMetrics, before: PodStatus, after: PodStatus): void => {
  for (const [list, type] of Object.entries(LISTS) as [keyof typeof LISTS, string][]) {
    const known = new Map<string, ContainerStatus>((before[list] ?? []).map((status) => [status.name, status]));
    for (const { name, state } of after[list] ?? []) {
      const ended = state?.terminated;
      if (ended === undefined || known.get(name)?.state?.terminated !== undefined) continue;
      metrics.terminatedContainers.inc({ container_type: type, exit_code: `${ended.exitCode}`, reason: ended.reason ?? "" });
    }
  }
};
