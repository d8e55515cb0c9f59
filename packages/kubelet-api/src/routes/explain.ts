import { KubeletApiError, pathNotFound } from "../errors.ts";
import type { ExplainPort } from "../ports.ts";
import { sendText } from "../route.ts";
import type { Route } from "../route.ts";

/** `GET /explain/pods/UID`: what the kubelet is doing with one pod, what it waits for, and its last decisions. Not in the reference. */
export const explainRoute = (explain: ExplainPort): Route => ({
  path: "/explain",
  scope: "tree",
  methods: ["GET"],
  subresources: ["pods", "proxy"],
  isLocalOnly: true,
  serve: (request, response) => {
    const [kind, uid, ...more] = request.rest;
    if (kind !== "pods" || uid === undefined || more.length > 0) throw pathNotFound();
    const explanation = explain.explainPod(uid);
    if (explanation === undefined) throw new KubeletApiError("not-found", `pod with uid "${uid}" does not exist`);
    sendText(response, `${JSON.stringify(explanation, undefined, 2)}\n`, "application/json");
  },
});
