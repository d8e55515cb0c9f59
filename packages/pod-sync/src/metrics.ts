import type { Counter, Gauge, Histogram, MetricRegister } from "@nk/stdx";

/** Metrics of pod-sync, under the reference's names (pkg/kubelet/metrics/metrics.go). */
export interface PodSyncMetrics {
  readonly startedPods: Counter;
  readonly startedPodsErrors: Counter;
  /** Pods with `hostUsers: false` among the above. */
  readonly startedUserNamespacedPods: Counter;
  readonly startedUserNamespacedPodsErrors: Counter;
  readonly startedContainers: Counter;
  readonly startedContainersErrors: Counter;
  readonly runPodSandboxSeconds: Histogram;
  readonly runPodSandboxErrors: Counter;
  readonly hookHttpFallbacks: Counter;
  readonly sleepsTerminatedEarly: Counter;
  /** Pods that nobody wants whose remains the last sweep found, and those that it could not clean up. */
  readonly orphanPods: Gauge;
  readonly orphanPodErrors: Gauge;
  /** Image volumes of containers that were to be created. */
  readonly imageVolumesRequested: Counter;
  /** Mounts of them in containers that were created. */
  readonly imageVolumesMounted: Counter;
  /** Mounts of them in containers that could not be created because of an image volume. */
  readonly imageVolumeErrors: Counter;
  /** Milliseconds that one try to resize a pod took. */
  readonly resizeDuration: Histogram;
}

/** The reference's default buckets (prometheus.DefBuckets). */
const DEFAULT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Milliseconds. */
const RESIZE_BUCKETS = [10, 50, 100, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000];

/** Declares the metrics. */
export const createPodSyncMetrics = (register: MetricRegister): PodSyncMetrics => ({
  startedPods: register.counter({ name: "kubelet_started_pods_total", help: "[ALPHA] Cumulative number of pods started" }),
  startedPodsErrors: register.counter({
    name: "kubelet_started_pods_errors_total",
    help: "[ALPHA] Cumulative number of errors when starting pods",
  }),
  startedUserNamespacedPods: register.counter({
    name: "kubelet_started_user_namespaced_pods_total",
    help: "[ALPHA] Cumulative number of pods with user namespaces started. This metric will only be collected on Linux.",
  }),
  startedUserNamespacedPodsErrors: register.counter({
    name: "kubelet_started_user_namespaced_pods_errors_total",
    help: "[ALPHA] Cumulative number of errors when starting pods with user namespaces. This metric will only be collected on Linux.",
  }),
  startedContainers: register.counter({
    name: "kubelet_started_containers_total",
    help: "[ALPHA] Cumulative number of containers started",
    labelNames: ["container_type"],
  }),
  startedContainersErrors: register.counter({
    name: "kubelet_started_containers_errors_total",
    help: "[ALPHA] Cumulative number of errors when starting containers",
    labelNames: ["container_type", "code"],
  }),
  runPodSandboxSeconds: register.histogram({
    name: "kubelet_run_podsandbox_duration_seconds",
    help: "[ALPHA] Duration in seconds of the run_podsandbox operations. Broken down by RuntimeClass.Handler.",
    labelNames: ["runtime_handler"],
    buckets: DEFAULT_BUCKETS,
  }),
  runPodSandboxErrors: register.counter({
    name: "kubelet_run_podsandbox_errors_total",
    help: "[ALPHA] Cumulative number of the run_podsandbox operation errors by RuntimeClass.Handler.",
    labelNames: ["runtime_handler"],
  }),
  hookHttpFallbacks: register.counter({
    name: "kubelet_lifecycle_handler_http_fallbacks_total",
    help: "[ALPHA] The number of times lifecycle handlers successfully fell back to http from https.",
  }),
  sleepsTerminatedEarly: register.counter({
    name: "kubelet_sleep_action_terminated_early_total",
    help: "[ALPHA] The number of times lifecycle sleep handler got terminated before it finishes",
  }),
  orphanPods: register.gauge({
    name: "kubelet_orphan_pod_cleaned_volumes",
    help: "[ALPHA] The total number of orphaned Pods whose volumes were cleaned in the last periodic sweep.",
  }),
  orphanPodErrors: register.gauge({
    name: "kubelet_orphan_pod_cleaned_volumes_errors",
    help: "[ALPHA] The number of orphaned Pods whose volumes failed to be cleaned in the last periodic sweep.",
  }),
  imageVolumesRequested: register.counter({
    name: "kubelet_image_volume_requested_total",
    help: "[BETA] Number of requested image volumes.",
  }),
  imageVolumesMounted: register.counter({
    name: "kubelet_image_volume_mounted_succeed_total",
    help: "[BETA] Number of successful image volume mounts.",
  }),
  imageVolumeErrors: register.counter({
    name: "kubelet_image_volume_mounted_errors_total",
    help: "[BETA] Number of failed image volume mounts.",
  }),
  resizeDuration: register.histogram({
    name: "kubelet_pod_resize_duration_milliseconds",
    help: "[ALPHA] Duration in milliseconds to actuate a pod resize",
    labelNames: ["success"],
    buckets: RESIZE_BUCKETS,
  }),
});
