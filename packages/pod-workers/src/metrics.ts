import type { Counter, Gauge, Histogram, MetricRegister } from "@nk/stdx";

/** The reference's default buckets, seconds. */
const SECONDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The metrics of this package; names, labels and buckets are the reference's. */
export interface PodWorkersMetrics {
  /** `operation_type`: create (first pass), update (the object changed), sync, terminating, terminated. */
  readonly workerDuration: Histogram;
  /** From the pod's arrival to its first pass. */
  readonly workerStartDuration: Histogram;
  readonly desiredPods: Gauge;
  readonly activePods: Gauge;
  readonly mirrorPods: Gauge;
  readonly ephemeralContainers: Gauge;
  readonly workingPods: Gauge;
  readonly orphanedRuntimePods: Counter;
  readonly restartedPods: Counter;
  readonly admissionRejections: Counter;
}

/** Registers the metrics of this package; call it once per registry. */
export const createPodWorkersMetrics = (register: MetricRegister): PodWorkersMetrics => ({
  workerDuration: register.histogram({
    name: "kubelet_pod_worker_duration_seconds",
    help: "Duration in seconds to sync a single pod. Broken down by operation type.",
    labelNames: ["operation_type"],
    buckets: SECONDS,
  }),
  workerStartDuration: register.histogram({
    name: "kubelet_pod_worker_start_duration_seconds",
    help: "Duration in seconds from the kubelet seeing a pod to starting a worker.",
    buckets: SECONDS,
  }),
  desiredPods: register.gauge({
    name: "kubelet_desired_pods",
    help: "The number of pods the kubelet is being instructed to run.",
    labelNames: ["static"],
  }),
  activePods: register.gauge({
    name: "kubelet_active_pods",
    help: "The number of pods the kubelet considers active and which are being considered when admitting new pods.",
    labelNames: ["static"],
  }),
  mirrorPods: register.gauge({ name: "kubelet_mirror_pods", help: "The number of mirror pods the kubelet will try to create." }),
  ephemeralContainers: register.gauge({
    name: "kubelet_managed_ephemeral_containers",
    help: "Current number of ephemeral containers in pods managed by this kubelet.",
  }),
  workingPods: register.gauge({
    name: "kubelet_working_pods",
    help: "Number of pods the kubelet is actually running, broken down by lifecycle phase, whether the pod is desired, orphaned, or runtime only, and whether the pod is static.",
    labelNames: ["lifecycle", "config", "static"],
  }),
  orphanedRuntimePods: register.counter({
    name: "kubelet_orphaned_runtime_pods_total",
    help: "Number of pods that have been detected in the container runtime without being already known to the pod worker.",
  }),
  restartedPods: register.counter({
    name: "kubelet_restarted_pods_total",
    help: "Number of pods that have been restarted because they were deleted and recreated with the same UID while the kubelet was watching them.",
    labelNames: ["static"],
  }),
  admissionRejections: register.counter({
    name: "kubelet_admission_rejections_total",
    help: "Cumulative number of pods rejected at admission, by reason.",
    labelNames: ["reason"],
  }),
});
