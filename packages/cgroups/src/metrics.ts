import type { MetricRegister } from "@nk/stdx";

export interface CgroupsMetrics {
  observe(operation: "create" | "destroy", durationMs: number): void;
}

/** The reference's metric of cgroup operations. */
export const createCgroupsMetrics = (register: MetricRegister): CgroupsMetrics => {
  const duration = register.histogram({
    name: "kubelet_cgroup_manager_duration_seconds",
    help: "Duration of cgroup operations by type.",
    labelNames: ["operation_type"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  return { observe: (operation, durationMs) => duration.observe(durationMs / 1000, { operation_type: operation }) };
};
