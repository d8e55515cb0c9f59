import type { Counter, Histogram, MetricRegister } from "@nk/stdx";

/** Metrics of CRI calls, by the reference's names (pkg/kubelet/metrics/metrics.go). */
export interface CriMetrics {
  readonly operations: Counter;
  readonly operationErrors: Counter;
  readonly operationDurationSeconds: Histogram;
}

/** 5 ms to about 12.5 min, each 2.5 times the one before: the reference's buckets. */
const BUCKETS_SECONDS = Array.from({ length: 14 }, (_, index) => 0.005 * 2.5 ** index);

const labelNames = ["operation_type"];

/** Registers the metrics; call it once per register. */
export const createCriMetrics = (register: MetricRegister): CriMetrics => ({
  operations: register.counter({
    name: "kubelet_runtime_operations_total",
    help: "[ALPHA] Cumulative number of runtime operations by operation type.",
    labelNames,
  }),
  operationErrors: register.counter({
    name: "kubelet_runtime_operations_errors_total",
    help: "[ALPHA] Cumulative number of runtime operation errors by operation type.",
    labelNames,
  }),
  operationDurationSeconds: register.histogram({
    name: "kubelet_runtime_operations_duration_seconds",
    help: "[ALPHA] Duration in seconds of runtime operations. Broken down by operation type.",
    labelNames,
    buckets: BUCKETS_SECONDS,
  }),
});
