import type { Counter, Gauge, Histogram, MetricRegister } from "@nk/stdx";

/** The reference's default buckets, seconds. */
const SECONDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The metrics of this package; names, labels and buckets are the reference's. */
export interface PlegMetrics {
  /** Of a list; pods that changed are inspected afterwards, each on its own. */
  readonly relistDuration: Histogram;
  readonly relistInterval: Histogram;
  /** One read of one pod. */
  readonly podRelistDuration: Histogram;
  /** Hints thrown away because too many pods waited to be read; a relist follows. */
  readonly discardEvents: Counter;
  /** Epoch seconds of the last relist. */
  readonly lastSeen: Gauge;
  readonly connectionErrors: Counter;
  readonly connectionSuccesses: Counter;
  /** From asking for the event stream until it stood. */
  readonly connectionLatency: Histogram;
  readonly runningPods: Gauge;
  readonly runningContainers: Gauge;
}

/** Registers the metrics of this package; call it once per registry. */
export const createPlegMetrics = (register: MetricRegister): PlegMetrics => ({
  relistDuration: register.histogram({
    name: "kubelet_pleg_relist_duration_seconds",
    help: "[ALPHA] Duration in seconds for relisting pods in PLEG.",
    buckets: SECONDS,
  }),
  relistInterval: register.histogram({
    name: "kubelet_pleg_relist_interval_seconds",
    help: "[ALPHA] Interval in seconds between relisting in PLEG.",
    buckets: SECONDS,
  }),
  podRelistDuration: register.histogram({
    name: "kubelet_pleg_pod_relist_duration_seconds",
    help: "[ALPHA] Duration in seconds for relisting a single pod in PLEG.",
    buckets: SECONDS,
  }),
  discardEvents: register.counter({ name: "kubelet_pleg_discard_events", help: "[ALPHA] The number of discard events in PLEG." }),
  lastSeen: register.gauge({
    name: "kubelet_pleg_last_seen_seconds",
    help: "[ALPHA] Timestamp in seconds when PLEG was last seen active.",
  }),
  connectionErrors: register.counter({
    name: "kubelet_evented_pleg_connection_error_count",
    help: "[ALPHA] The number of errors encountered during the establishment of streaming connection with the CRI runtime.",
  }),
  connectionSuccesses: register.counter({
    name: "kubelet_evented_pleg_connection_success_count",
    help: "[ALPHA] The number of times a streaming client was obtained to receive CRI Events.",
  }),
  connectionLatency: register.histogram({
    name: "kubelet_evented_pleg_connection_latency_seconds",
    help: "[ALPHA] The latency of streaming connection with the CRI runtime, measured in seconds.",
    buckets: SECONDS,
  }),
  runningPods: register.gauge({ name: "kubelet_running_pods", help: "[ALPHA] Number of pods that have a running pod sandbox" }),
  runningContainers: register.gauge({
    name: "kubelet_running_containers",
    help: "[ALPHA] Number of containers currently running",
    labelNames: ["container_state"],
  }),
});
