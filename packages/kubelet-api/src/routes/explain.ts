import { KubeletApiError, pathNotFound } from "../errors.ts";
import type { ExplainPort } from "../ports.ts";
import { sendText } from "../route.ts";
import type { Route } from "../route.ts";

/** `GET /explain/pods/UID` or `/explain/pods/NAMESPACE/NAME`: what the kubelet is doing with one pod, what it waits for, and its last decisions. Not in the reference. */
export const explainRoute = (explain: ExplainPort): Route => ({
  path: "/explain",
  scope: "tree",
  methods: ["GET"],
  subresources: ["pods", "proxy"],
  isLocalOnly: true,
  serve: (request, response) => {
    const [kind, first, name, ...more] = request.rest;
    if (kind !== "pods" || first === undefined || more.length > 0) throw pathNotFound();
    const uid = name === undefined ? first : explain.findUid?.(first, name);
    const explanation = uid === undefined ? undefined : explain.explainPod(uid);
    if (explanation === undefined) {
      const which = name === undefined ? `with uid "${first}"` : `"${first}/${name}"`;
      throw new KubeletApiError("not-found", `pod ${which} does not exist`);
    }
    sendText(response, `${JSON.stringify(explanation, undefined, 2)}\n`, "application/json");
  },
});
