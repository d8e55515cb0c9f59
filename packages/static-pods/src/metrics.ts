import type { PodSource } from "@nk/pod-model";
import type { MetricRegister } from "@nk/stdx";

/** What this package measures. The reference has no metrics of its sources, so the names are ours. */
export interface StaticPodsMetrics {
  readonly pods: (source: PodSource, count: number) => void;
  readonly problems: (source: PodSource, count: number) => void;
  readonly snapshot: (source: PodSource) => void;
  readonly read: (source: PodSource, seconds: number) => void;
}

const READ_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5];

/** Declares the metrics on `register`; once per register. */
export const createStaticPodsMetrics = (register: MetricRegister): StaticPodsMetrics => {
  const labelNames = ["source"];
  const pods = register.gauge({ name: "nk_static_pods", help: "Pods that a source wants.", labelNames });
  const problems = register.gauge({ name: "nk_static_pod_problems", help: "Things in a source that can't be used.", labelNames });
  const snapshots = register.counter({ name: "nk_static_pod_snapshots_total", help: "Sets of pods handed over.", labelNames });
  const reads = register.histogram({
    name: "nk_static_pod_read_duration_seconds",
    help: "Time to read a source once, from what woke the reader to the set of pods.",
    labelNames,
    buckets: READ_BUCKETS,
  });
  return {
    pods: (source, count) => pods.set(count, { source }),
    problems: (source, count) => problems.set(count, { source }),
    snapshot: (source) => snapshots.inc({ source }),
    read: (source, seconds) => reads.observe(seconds, { source }),
  };
};
