import { renderPodList } from "../pod-list.ts";
import type { PodsPort } from "../ports.ts";
import { sendText } from "../route.ts";
import type { Route } from "../route.ts";

/** `GET /runningpods/`: what the runtime runs, whatever the sources say. */
export const runningPodsRoute = (pods: PodsPort): Route => ({
  name: "runningpods",
  methods: ["GET"],
  isLocalOnly: true,
  serve: async (request, response) => {
    sendText(response, renderPodList(await pods.listRunningPods({ signal: request.signal })), "application/json");
  },
});
