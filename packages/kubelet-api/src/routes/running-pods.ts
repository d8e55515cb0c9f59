import { routeNotFound } from "../errors.ts";
import { renderPodList } from "../pod-list.ts";
import type { PodsPort } from "../ports.ts";
import { sendText } from "../route.ts";
import type { Route } from "../route.ts";

/** `GET /runningpods/`: what the runtime runs, whatever the sources say. */
export const runningPodsRoute = (pods: PodsPort): Route => ({
  path: "/runningpods/",
  scope: "tree",
  methods: ["GET"],
  subresources: ["pods", "proxy"],
  isLocalOnly: true,
  serve: async (request, response) => {
    if (request.rest.length > 0) throw routeNotFound();
    sendText(response, renderPodList(await pods.listRunningPods({ signal: request.signal })), "application/json");
  },
});
