import type { Counter, Gauge, Histogram, MetricRegister } from "@nk/stdx";

/** The reference's default buckets, seconds. */
const SECONDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The metrics of this package; names, labels and buckets are the reference's. */
export interface PodWorkersMetrics {
  /**
   * `operation_type`: create (first pass), update (the object changed, its deletion included), sync, kill (of a pod that this node gave up),
   * terminated (what is left is cleaned up).
   */
  readonly workerDuration: Histogram;
  /** App containers of a pod when its worker starts. */
  readonly containersPerPod: Histogram;
  /** From the pod's arrival to its first pass. */
  readonly workerStartDuration: Histogram;
  readonly desiredPods: Gauge;
  readonly activePods: Gauge;
  readonly mirrorPods: Gauge;
  readonly ephemeralContainers: Gauge;
  readonly workingPods: Gauge;
  readonly orphanedRuntimePods: Counter;
  readonly restartedPods: Counter;
  /** Of reasons that the reference does not name one by one, all together are counted: anybody can make up more. */
  readonly admissionRejections: Counter;
  readonly preemptions: Counter;
  readonly requestedResizes: Counter;
  readonly infeasibleResizes: Counter;
  readonly deferredAccepted: Counter;
  readonly pendingResizes: Gauge;
  readonly resizesInProgress: Gauge;
}

/** Reasons that are labels of their own (reference: pkg/kubelet/kubelet.go, admissionRejectionReasons). */
const REJECTION_REASONS: ReadonlySet<string> = new Set([
  "AppArmor",
  "PodOSSelectorNodeLabelDoesNotMatch",
  "PodOSNotSupported",
  "InvalidNodeInfo",
  "InitContainerRestartPolicyForbidden",
  "SupplementalGroupsPolicyNotSupported",
  "UnexpectedAdmissionError",
  "UnknownReason",
  "UnexpectedPredicateFailureType",
  "OutOfcpu",
  "OutOfmemory",
  "OutOfephemeral-storage",
  "OutOfpods",
  "PodLevelResourcesNotSupported",
  "PodFeatureUnsupported",
  "node(s) had taints that the pod didn't tolerate",
  "Evicted",
  "SysctlForbidden",
  "TopologyAffinityError",
  "NodeShutdown",
  "VolumeAttachmentLimitExceeded",
]);

/** The label of a rejection. */
export const rejectionLabel = (reason: string): string => {
  if (REJECTION_REASONS.has(reason)) return reason;
  return reason.startsWith("OutOf") ? "OutOfExtendedResources" : "Other";
};

const LIFECYCLES = ["sync", "terminating", "terminated"];

/** Makes the series known that are always shown, at 0. */
const showZeros = ({ workingPods, activePods, desiredPods, restartedPods }: PodWorkersMetrics): void => {
  for (const label of ["", "true"]) {
    for (const gauge of [desiredPods, activePods]) gauge.set(0, { static: label });
    restartedPods.inc({ static: label }, 0);
    for (const lifecycle of LIFECYCLES)
      for (const config of ["desired", "orphan"]) workingPods.set(0, { lifecycle, config, static: label });
  }
  for (const lifecycle of LIFECYCLES) workingPods.set(0, { lifecycle, config: "runtime_only", static: "unknown" });
};

type ResizeMetrics = Pick<
  PodWorkersMetrics,
  "preemptions" | "requestedResizes" | "infeasibleResizes" | "deferredAccepted" | "pendingResizes" | "resizesInProgress"
>;

const declareResizeMetrics = (register: MetricRegister): ResizeMetrics => ({
  preemptions: register.counter({
    name: "kubelet_preemptions",
    help: "[ALPHA] Cumulative number of pod preemptions by preemption resource",
    labelNames: ["preemption_signal"],
  }),
  requestedResizes: register.counter({
    name: "kubelet_container_requested_resizes_total",
    help: "[ALPHA] Number of requested resizes, counted at the container level. Different resources on the same container are counted separately. The 'requirement' label refers to 'memory' or 'limits'; the 'operation' label can be one of 'add', 'remove', 'increase' or 'decrease'.",
    labelNames: ["resource", "requirement", "operation"],
  }),
  infeasibleResizes: register.counter({
    name: "kubelet_pod_infeasible_resizes_total",
    help: "[ALPHA] Number of infeasible resizes for pods.",
    labelNames: ["reason_detail"],
  }),
  deferredAccepted: register.counter({
    name: "kubelet_pod_deferred_accepted_resizes_total",
    help: "[ALPHA] Cumulative number of resizes that were accepted after being deferred.",
    labelNames: ["retry_trigger"],
  }),
  pendingResizes: register.gauge({
    name: "kubelet_pod_pending_resizes",
    help: "[ALPHA] Number of pending resizes for pods.",
    labelNames: ["reason"],
  }),
  resizesInProgress: register.gauge({
    name: "kubelet_pod_in_progress_resizes",
    help: "[ALPHA] Number of in-progress resizes for pods.",
  }),
});

const declareMetrics = (register: MetricRegister): PodWorkersMetrics => ({
  workerDuration: register.histogram({
    name: "kubelet_pod_worker_duration_seconds",
    help: "[ALPHA] Duration in seconds to sync a single pod. Broken down by operation type: create, update, or sync",
    labelNames: ["operation_type"],
    buckets: SECONDS,
  }),
  containersPerPod: register.histogram({
    name: "kubelet_containers_per_pod_count",
    help: "[ALPHA] The number of containers per pod.",
    buckets: [1, 2, 4, 8, 16],
  }),
  workerStartDuration: register.histogram({
    name: "kubelet_pod_worker_start_duration_seconds",
    help: "[ALPHA] Duration in seconds from kubelet seeing a pod to starting a worker.",
    buckets: SECONDS,
  }),
  desiredPods: register.gauge({
    name: "kubelet_desired_pods",
    help: "[ALPHA] The number of pods the kubelet is being instructed to run. static is true if the pod is not from the apiserver.",
    labelNames: ["static"],
  }),
  activePods: register.gauge({
    name: "kubelet_active_pods",
    help: "[ALPHA] The number of pods the kubelet considers active and which are being considered when admitting new pods. static is true if the pod is not from the apiserver.",
    labelNames: ["static"],
  }),
  mirrorPods: register.gauge({
    name: "kubelet_mirror_pods",
    help: "[ALPHA] The number of mirror pods the kubelet will try to create (one per admitted static pod)",
  }),
  ephemeralContainers: register.gauge({
    name: "kubelet_managed_ephemeral_containers",
    help: "[ALPHA] Current number of ephemeral containers in pods managed by this kubelet.",
  }),
  workingPods: register.gauge({
    name: "kubelet_working_pods",
    help: "[ALPHA] Number of pods the kubelet is actually running, broken down by lifecycle phase, whether the pod is desired, orphaned, or runtime only (also orphaned), and whether the pod is static. An orphaned pod has been removed from local configuration or force deleted in the API and consumes resources that are not otherwise visible.",
    labelNames: ["lifecycle", "config", "static"],
  }),
  orphanedRuntimePods: register.counter({
    name: "kubelet_orphaned_runtime_pods_total",
    help: "[ALPHA] Number of pods that have been detected in the container runtime without being already known to the pod worker. This typically indicates the kubelet was restarted while a pod was force deleted in the API or in the local configuration, which is unusual.",
  }),
  restartedPods: register.counter({
    name: "kubelet_restarted_pods_total",
    help: "[ALPHA] Number of pods that have been restarted because they were deleted and recreated with the same UID while the kubelet was watching them (common for static pods, extremely uncommon for API pods)",
    labelNames: ["static"],
  }),
  admissionRejections: register.counter({
    name: "kubelet_admission_rejections_total",
    help: "[ALPHA] Cumulative number pod admission rejections by the Kubelet.",
    labelNames: ["reason"],
  }),
  ...declareResizeMetrics(register),
});

/** Registers the metrics of this package; call it once per registry. */
export const createPodWorkersMetrics = (register: MetricRegister): PodWorkersMetrics => {
  const metrics = declareMetrics(register);
  showZeros(metrics);
  return metrics;
};
