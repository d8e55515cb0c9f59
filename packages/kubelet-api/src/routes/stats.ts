import { routeNotFound } from "../errors.ts";
import type { StatsPort } from "../ports.ts";
import { isTrue } from "../log-options.ts";
import { sendText } from "../route.ts";
import type { Route } from "../route.ts";

/** `/stats/summary[?only_cpu_and_memory=true]`: usage of the node and its pods. */
export const statsRoute = (stats: StatsPort): Route => ({
  path: "/stats/",
  scope: "tree",
  methods: ["GET", "POST"],
  subresources: ["stats"],
  serve: async ({ rest, query, signal }, response) => {
    if (rest.length !== 1 || rest[0] !== "summary") throw routeNotFound();
    const summary = await stats.summarize({ onlyCpuAndMemory: isTrue(query.get("only_cpu_and_memory")), signal });
    sendText(response, JSON.stringify(summary, undefined, 1), "application/json");
  },
});
