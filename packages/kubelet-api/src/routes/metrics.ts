import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { MetricsPort } from "../ports.ts";
import { sendText } from "../route.ts";
import type { Route } from "../route.ts";

/** The content type that the reference gives its metrics. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

/** The metrics pages of a kubelet. */
export type MetricsPath = "/metrics" | "/metrics/cadvisor" | "/metrics/probes" | "/metrics/resource" | "/metrics/slis";

const compress = promisify(gzip);

/** `GET /metrics` and its kin; compressed when the client takes gzip. */
export const metricsRoute = (metrics: MetricsPort, path: MetricsPath = "/metrics"): Route => ({
  path,
  methods: "any",
  subresources: ["metrics"],
  serve: async (request, response) => {
    const text = await metrics.render();
    const { startedAtMs } = metrics;
    if (startedAtMs !== undefined) response.setHeader("Process-Start-Time-Unix", String(Math.floor(startedAtMs / 1000)));
    const isCompressed = /(?:^|[,\s])gzip(?:$|[,;\s])(?!\s*q=0(?:\.0*)?(?:$|,))/.test(String(request.headers["accept-encoding"] ?? ""));
    if (!isCompressed) {
      sendText(response, text, metrics.contentType);
      return;
    }
    response.setHeader("Content-Encoding", "gzip");
    sendText(response, await compress(text), metrics.contentType);
  },
});
