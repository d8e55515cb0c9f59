import { registerBuildInfo, registerRegisteredMetrics } from "./build-metrics.ts";
import { registerNodeMetrics } from "./node-metrics.ts";
import { registerProcessMetrics, registerStartTime } from "./process-metrics.ts";
import { createPrometheusRegister } from "./prometheus.ts";
import type { PrometheusRegister } from "./prometheus.ts";

/** The kubelet's registers by the page that shows them. */
export interface MetricsPages {
  readonly main: PrometheusRegister;
  /** Series per container, which not every scrape is to pay for. */
  readonly probes: PrometheusRegister;
  readonly slis: PrometheusRegister;
}

/** Creates the registers with what is known of the process; `startedAtMs` is since the epoch. */
export const createMetricsPages = ({ startedAtMs }: { readonly startedAtMs: number }): MetricsPages => {
  const pages = { main: createPrometheusRegister(), probes: createPrometheusRegister(), slis: createPrometheusRegister() };
  registerBuildInfo(pages.main);
  registerRegisteredMetrics(pages.main);
  registerProcessMetrics(pages.main);
  registerNodeMetrics(pages.main);
  for (const register of Object.values(pages)) registerStartTime(register, { startedAtMs, isStandalonePage: register !== pages.main });
  return pages;
};
