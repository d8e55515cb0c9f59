import { systemClock } from "@nk/stdx";
import type { Clock, Counter, Gauge, Histogram, MetricRegister } from "@nk/stdx";

/** Metrics of requests, by client-go's names (component-base/metrics/prometheus/restclient), and of watches, by our own. */
export interface KubeClientMetrics {
  readonly requests: Counter;
  readonly requestRetries: Counter;
  readonly requestDurationSeconds: Histogram;
  readonly rateLimiterDurationSeconds: Histogram;
  readonly requestSizeBytes: Histogram;
  readonly responseSizeBytes: Histogram;
  readonly execPluginCalls: Counter;
  readonly execPluginCertificateAgeSeconds: Histogram;
  /** Says until when the certificate of an exec plugin, known by its command, is good, epoch milliseconds; the shortest counts. */
  readonly setExecPluginExpiry: (plugin: string, expiresAtMs: number) => void;
  readonly watchStarts: Counter;
  readonly watchRelists: Counter;
  readonly watchParseErrors: Counter;
  readonly connectionsLost: Counter;
  readonly connections: Gauge;
}

const SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
const BYTES = [64, 256, 512, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216];
const AGES_SECONDS = [600, 1800, 3600, 14_400, 86_400, 604_800, 2_592_000, 7_776_000, 15_552_000, 31_104_000, 124_416_000];

/** Without a plugin that gives certificates it is +Inf, as in the reference. */
const followExpiries = (register: MetricRegister, nowMs: () => number): KubeClientMetrics["setExecPluginExpiry"] => {
  const expiries = new Map<string, number>();
  register.gauge({
    name: "rest_client_exec_plugin_ttl_seconds",
    help: "[ALPHA] Gauge of the shortest TTL (time-to-live) of the client certificate(s) managed by the auth exec plugin. The value is in seconds until certificate expiry (negative if already expired). If auth exec plugins are unused or manage no TLS certificates, the value will be +INF.",
    read: () => (Math.min(Infinity, ...expiries.values()) - nowMs()) / 1000,
  });
  return (plugin, expiresAtMs) => {
    expiries.set(plugin, expiresAtMs);
  };
};

const restMetrics = (
  register: MetricRegister,
): Omit<KubeClientMetrics, `watch${string}` | `connection${string}` | "setExecPluginExpiry"> => {
  const verbAndHost = ["verb", "host"];
  return {
    requests: register.counter({
      name: "rest_client_requests_total",
      help: "[ALPHA] Number of HTTP requests, partitioned by status code, method, and host.",
      labelNames: ["code", "method", "host"],
    }),
    requestRetries: register.counter({
      name: "rest_client_request_retries_total",
      help: "[ALPHA] Number of request retries, partitioned by status code, verb, and host.",
      labelNames: ["code", "verb", "host"],
    }),
    requestDurationSeconds: register.histogram({
      name: "rest_client_request_duration_seconds",
      help: "[ALPHA] Request latency in seconds. Broken down by verb, and host.",
      labelNames: verbAndHost,
      buckets: SECONDS,
    }),
    rateLimiterDurationSeconds: register.histogram({
      name: "rest_client_rate_limiter_duration_seconds",
      help: "[ALPHA] Client side rate limiter latency in seconds. Broken down by verb, and host.",
      labelNames: verbAndHost,
      buckets: SECONDS,
    }),
    requestSizeBytes: register.histogram({
      name: "rest_client_request_size_bytes",
      help: "[ALPHA] Request size in bytes. Broken down by verb and host.",
      labelNames: verbAndHost,
      buckets: BYTES,
    }),
    responseSizeBytes: register.histogram({
      name: "rest_client_response_size_bytes",
      help: "[ALPHA] Response size in bytes. Broken down by verb and host.",
      labelNames: verbAndHost,
      buckets: BYTES,
    }),
    execPluginCalls: register.counter({
      name: "rest_client_exec_plugin_call_total",
      help: "[ALPHA] Number of calls to an exec plugin, partitioned by the type of event encountered (no_error, plugin_execution_error, plugin_not_found_error, client_internal_error) and an optional exit code. The exit code will be set to 0 if and only if the plugin call was successful.",
      labelNames: ["code", "call_status"],
    }),
    execPluginCertificateAgeSeconds: register.histogram({
      name: "rest_client_exec_plugin_certificate_rotation_age",
      help: "[ALPHA] Histogram of the number of seconds the last auth exec plugin client certificate lived before being rotated. If auth exec plugin client certificates are unused, histogram will contain no data.",
      buckets: AGES_SECONDS,
    }),
  };
};

/** Registers the metrics; call it once per register. `clock` tells how long certificates are still good; default: the system's. */
export const createKubeClientMetrics = (register: MetricRegister, clock: Pick<Clock, "nowMs"> = systemClock): KubeClientMetrics => ({
  ...restMetrics(register),
  setExecPluginExpiry: followExpiries(register, () => clock.nowMs()),
  watchStarts: register.counter({
    name: "nk_kube_client_watch_starts_total",
    help: "Number of watch requests, by resource.",
    labelNames: ["resource"],
  }),
  watchRelists: register.counter({
    name: "nk_kube_client_watch_relists_total",
    help: "Number of times a watch had to list everything again, by resource and by reason.",
    labelNames: ["resource", "reason"],
  }),
  watchParseErrors: register.counter({
    name: "nk_kube_client_watch_parse_errors_total",
    help: "Number of watch events that could not be read, by resource.",
    labelNames: ["resource"],
  }),
  connectionsLost: register.counter({
    name: "nk_kube_client_connections_lost_total",
    help: "Number of connections to the API server that broke or fell silent, by lane and by cause.",
    labelNames: ["lane", "cause"],
  }),
  connections: register.gauge({
    name: "nk_kube_client_connections",
    help: "Number of open connections to the API server, by lane.",
    labelNames: ["lane"],
  }),
});
