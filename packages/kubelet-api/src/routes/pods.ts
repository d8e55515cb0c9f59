import { renderPodList } from "../pod-list.ts";
import type { PodsPort } from "../ports.ts";
import { sendText } from "../route.ts";
import type { Route } from "../route.ts";

/** `GET /pods`: every pod the kubelet knows, with its live status. */
export const podsRoute = (pods: PodsPort): Route => ({
  name: "pods",
  methods: ["GET"],
  serve: (_request, response) => sendText(response, renderPodList(pods.listPods()), "application/json"),
});
