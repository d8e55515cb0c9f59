import type { Pod } from "@nk/pod-model";
import { isKubeletApiError, KubeletApiError, routeNotFound } from "../errors.ts";
import type { CheckpointPort, ContainersPort } from "../ports.ts";
import { sendText } from "../route.ts";
import type { Route } from "../route.ts";
import { findPod } from "../streaming/target.ts";

const hasContainer = ({ spec }: Pod, name: string): boolean =>
  [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])].some(
    (container) => container.name === name,
  );

const parseTimeout = (query: URLSearchParams): number => {
  const text = query.getAll("timeout").at(-1) ?? "0";
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text);
  throw new KubeletApiError("not-found", "cannot parse value of timeout parameter");
};

/** `POST /checkpoint/NAMESPACE/POD/CONTAINER[?timeout=S]`: writes a checkpoint of a container and answers with its path. */
export const checkpointRoute = (ports: {
  readonly containers: Pick<ContainersPort, "findPod">;
  readonly checkpoints: CheckpointPort;
}): Route => ({
  path: "/checkpoint/",
  scope: "tree",
  methods: ["POST"],
  subresources: ["checkpoint"],
  isLocalOnly: true,
  isLongRunning: () => true,
  serve: async ({ rest, query, signal }, response) => {
    const [namespace, name, container, ...more] = rest;
    if (namespace === undefined || name === undefined || container === undefined || more.length > 0) throw routeNotFound();
    const pod = findPod(ports.containers, { namespace, pod: name, uid: undefined });
    if (!hasContainer(pod, container)) throw new KubeletApiError("not-found", `container ${container} does not exist`);
    const timeoutS = parseTimeout(query);
    try {
      const location = await ports.checkpoints.checkpoint({ pod, container, timeoutS }, { signal });
      sendText(response, JSON.stringify({ items: [location] }), "application/json");
    } catch (error) {
      const why = isKubeletApiError(error) ? error.message : "internal error";
      throw new KubeletApiError("internal", `checkpointing of ${namespace}/${name}/${container} failed (${why})`, { cause: error });
    }
  },
});
