import type { Counter, Gauge, Histogram, MetricRegister } from "@nk/stdx";
import * as prometheus from "prom-client";

/** A {@link MetricRegister} over prom-client, and its text. */
export interface PrometheusRegister extends MetricRegister {
  readonly contentType: string;
  render(): Promise<string>;
}

type Existing<T> = T | undefined;

/** Creates a register of its own; nothing goes into prom-client's global one. The process's own metrics are included. */
export const createPrometheusRegister = (): PrometheusRegister => {
  const registry = new prometheus.Registry();
  prometheus.collectDefaultMetrics({ register: registry });
  return {
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    render: () => registry.metrics(),
    counter: ({ name, help, labelNames }): Counter => {
      const existing = registry.getSingleMetric(name) as Existing<prometheus.Counter>;
      const metric = existing ?? new prometheus.Counter({ name, help, labelNames: [...(labelNames ?? [])], registers: [registry] });
      return { inc: (labels = {}, value = 1) => metric.inc({ ...labels }, value) };
    },
    gauge: ({ name, help, labelNames }): Gauge => {
      const existing = registry.getSingleMetric(name) as Existing<prometheus.Gauge>;
      const metric = existing ?? new prometheus.Gauge({ name, help, labelNames: [...(labelNames ?? [])], registers: [registry] });
      return {
        set: (value, labels = {}) => metric.set({ ...labels }, value),
        add: (value, labels = {}) => metric.inc({ ...labels }, value),
      };
    },
    histogram: ({ name, help, labelNames, buckets }): Histogram => {
      const existing = registry.getSingleMetric(name) as Existing<prometheus.Histogram>;
      const metric =
        existing ??
        new prometheus.Histogram({ name, help, labelNames: [...(labelNames ?? [])], buckets: [...buckets], registers: [registry] });
      return { observe: (value, labels = {}) => metric.observe({ ...labels }, value) };
    },
  };
};
