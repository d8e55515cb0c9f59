import type { Clock, Logger, MetricRegister } from "@nk/stdx";
import type { MetricsPages } from "../telemetry/metrics-pages.ts";

/** What every part is given. */
export interface Telemetry {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What `/metrics` shows. */
  readonly metrics: MetricRegister;
  /** All metrics pages, the one above among them. */
  readonly pages: MetricsPages;
}
