import { KubeletApiError } from "../errors.ts";
import type { MetricsPort } from "../ports.ts";
import { sendText } from "../route.ts";
import type { Route } from "../route.ts";

/** `GET /metrics`. */
export const metricsRoute = (metrics: MetricsPort): Route => ({
  name: "metrics",
  methods: ["GET"],
  serve: async (request, response) => {
    if (request.rest.length > 0) throw new KubeletApiError("not-found", "404 page not found\n");
    sendText(response, await metrics.render(), metrics.contentType);
  },
});
