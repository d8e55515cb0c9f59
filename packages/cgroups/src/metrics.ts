import type { MetricRegister } from "@nk/stdx";

export interface CgroupsMetrics {
  /** What is mounted, once it is known. */
  setVersion(version: 1 | 2): void;
  observe(operation: "create" | "destroy", durationMs: number): void;
}

/** The reference's metrics of cgroups. */
export const createCgroupsMetrics = (register: MetricRegister): CgroupsMetrics => {
  const duration = register.histogram({
    name: "kubelet_cgroup_manager_duration_seconds",
    help: "[ALPHA] Duration in seconds for cgroup manager operations. Broken down by method.",
    labelNames: ["operation_type"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  let known: number | undefined;
  register.gauge({ name: "kubelet_cgroup_version", help: "[ALPHA] cgroup version on the hosts.", read: () => known });
  return {
    setVersion: (version) => {
      known = version;
    },
    observe: (operation, durationMs) => duration.observe(durationMs / 1000, { operation_type: operation }),
  };
};
