import { routeNotFound } from "../errors.ts";
import { renderPodList } from "../pod-list.ts";
import type { PodsPort } from "../ports.ts";
import { sendText } from "../route.ts";
import type { Route } from "../route.ts";

/** `GET /pods`: every pod the kubelet knows, with its live status. */
export const podsRoute = (pods: PodsPort): Route => ({
  path: "/pods",
  scope: "tree",
  methods: ["GET"],
  subresources: ["pods", "proxy"],
  serve: (request, response) => {
    if (request.rest.length > 0) throw routeNotFound();
    sendText(response, renderPodList(pods.listPods()), "application/json");
  },
});
