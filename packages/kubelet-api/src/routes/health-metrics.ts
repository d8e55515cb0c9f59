import type { MetricRegister } from "@nk/stdx";

/** Remembers the outcome of a health check. */
export type ObserveHealth = (check: string, isHealthy: boolean) => void;

/** The reference's metrics of health checks, served on /metrics/slis: they change when /healthz is asked. */
export const createHealthMetrics = (register: MetricRegister): ObserveHealth => {
  const last = register.gauge({
    name: "kubernetes_healthcheck",
    help: "[STABLE] This metric records the result of a single healthcheck.",
    labelNames: ["name", "type"],
  });
  const total = register.counter({
    name: "kubernetes_healthchecks_total",
    help: "[STABLE] This metric records the results of all healthcheck.",
    labelNames: ["name", "type", "status"],
  });
  return (name, isHealthy) => {
    last.set(isHealthy ? 1 : 0, { name, type: "healthz" });
    total.inc({ name, type: "healthz", status: isHealthy ? "success" : "error" });
  };
};
