import type { RuntimePodEvent, RuntimePodView } from "@nk/cri-client";
import type { RuntimeEvent, RuntimeView } from "@nk/pleg";

/** An event of the runtime as PLEG wants it: what is about the sandbox names no container. */
export const toRuntimeEvent = (item: RuntimePodEvent): RuntimeEvent => {
  if (item.type === "gap") return { type: "gap" };
  const { uid, containerId, sandboxId, change } = item;
  return {
    type: "event",
    ...(uid === undefined ? {} : { uid }),
    ...(containerId === sandboxId ? {} : { containerId }),
    ...(sandboxId === undefined ? {} : { sandboxId }),
    ...(change === undefined ? {} : { kind: change }),
  };
};

/** The view of the CRI client as PLEG wants it. */
export const runtimeViewForPleg = (view: RuntimePodView): RuntimeView => ({
  listPods: (options) => view.listPods(options),
  getPodStatus: (pod, options) => view.getPodStatus(pod, options),
  watchEvents: async function* (options) {
    for await (const item of view.watchEvents(options)) yield toRuntimeEvent(item);
  },
});
