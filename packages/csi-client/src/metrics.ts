import type { Histogram, MetricRegister } from "@nk/stdx";

/** Metrics of CSI calls, by the reference's names (pkg/volume/util/metrics.go). */
export interface CsiMetrics {
  readonly operationSeconds: Histogram;
}

/** Registers the metrics; several clients may share a register. */
export const createCsiMetrics = (register: MetricRegister): CsiMetrics => ({
  operationSeconds: register.histogram({
    name: "csi_operations_seconds",
    help: "[ALPHA] Container Storage Interface operation duration with gRPC error code status total",
    labelNames: ["driver_name", "method_name", "grpc_status_code", "migrated"],
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600],
  }),
});
