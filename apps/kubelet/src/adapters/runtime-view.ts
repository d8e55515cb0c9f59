import type { RuntimePodView } from "@nk/cri-client";
import type { RuntimeEvent, RuntimeView } from "@nk/pleg";

/** The CRI client's view of pods as PLEG wants it: an event of the sandbox itself carries the sandbox's id as that of a container. */
export const runtimeViewForPleg = (view: RuntimePodView): RuntimeView => ({
  listPods: (options) => view.listPods(options),
  getPodStatus: (pod, options) => view.getPodStatus(pod, options),
  async *watchEvents(options): AsyncGenerator<RuntimeEvent, void> {
    for await (const event of view.watchEvents(options)) {
      if (event.type === "gap") {
        yield { type: "gap" };
        continue;
      }
      const { uid, containerId, sandboxId, kind } = event;
      yield {
        type: "event",
        containerId: containerId ?? sandboxId ?? "",
        kind,
        ...(uid === undefined ? {} : { uid }),
        ...(sandboxId === undefined ? {} : { sandboxId }),
      };
    }
  },
});
