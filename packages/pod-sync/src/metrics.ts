import type { Counter, Histogram, MetricRegister } from "@nk/stdx";

/** Metrics of pod-sync, under the reference's names (pkg/kubelet/metrics/metrics.go). */
export interface PodSyncMetrics {
  readonly startedPods: Counter;
  readonly startedPodsErrors: Counter;
  readonly startedContainers: Counter;
  readonly startedContainersErrors: Counter;
  readonly runPodSandboxSeconds: Histogram;
  readonly runPodSandboxErrors: Counter;
  readonly hookHttpFallbacks: Counter;
}

/** The reference's default buckets (prometheus.DefBuckets). */
const DEFAULT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Declares the metrics. */
export const createPodSyncMetrics = (register: MetricRegister): PodSyncMetrics => ({
  startedPods: register.counter({ name: "kubelet_started_pods_total", help: "Sandboxes that were asked for" }),
  startedPodsErrors: register.counter({ name: "kubelet_started_pods_errors_total", help: "Sandboxes that could not be made" }),
  startedContainers: register.counter({
    name: "kubelet_started_containers_total",
    help: "Containers that were to be started, by type",
    labelNames: ["container_type"],
  }),
  startedContainersErrors: register.counter({
    name: "kubelet_started_containers_errors_total",
    help: "Containers that could not be started, by type and reason",
    labelNames: ["container_type", "code"],
  }),
  runPodSandboxSeconds: register.histogram({
    name: "kubelet_run_podsandbox_duration_seconds",
    help: "Duration of RunPodSandbox by runtime handler",
    labelNames: ["runtime_handler"],
    buckets: DEFAULT_BUCKETS,
  }),
  runPodSandboxErrors: register.counter({
    name: "kubelet_run_podsandbox_errors_total",
    help: "Errors of RunPodSandbox by runtime handler",
    labelNames: ["runtime_handler"],
  }),
  hookHttpFallbacks: register.counter({
    name: "kubelet_lifecycle_handler_http_fallbacks_total",
    help: "Lifecycle hooks over HTTPS that were answered over plain HTTP",
  }),
});
