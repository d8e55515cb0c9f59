import type { Clock, Logger } from "@nk/stdx";
import type { PrometheusRegister } from "../telemetry/prometheus.ts";

/** What every part is given. */
export interface Telemetry {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: PrometheusRegister;
}
