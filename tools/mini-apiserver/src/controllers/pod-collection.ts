import type { Pod } from "@nk/pod-model";
import { createDelayQueue, runTaskGroup } from "@nk/stdx";
import type { ApiObject, Controller } from "../contracts.ts";
import { KIND, typed } from "../stored-kinds.ts";
import { follow } from "./follow.ts";
import { attempt } from "./guard.ts";
import type { ControllerOptions } from "./options.ts";

/** A node that was deleted may be on its way back (quarantineTime in pkg/controller/podgc). */
const QUARANTINE_MS = 40_000;

/** Removes pods of nodes that are gone for 40 seconds: nobody is there who would ever stop them. */
export const createPodCollection = (options: ControllerOptions): Controller => {
  const { store, client, clock, logger } = options;

  const collect = (nodeName: string): void => {
    if (store.get(KIND.nodes, { name: nodeName }) !== undefined) return;
    for (const item of store.list(KIND.pods).items) {
      const { metadata, spec } = typed<Pod>(item);
      if (spec?.nodeName !== nodeName) continue;
      const where = { namespace: metadata?.namespace ?? "", name: metadata?.name ?? "" };
      attempt(logger, `removing pods of node ${nodeName}`, () => {
        client.delete(KIND.pods, where, { gracePeriodSeconds: 0, preconditions: { uid: metadata?.uid } });
      });
    }
  };

  return {
    name: "pod-collection",
    run: async (signal) => {
      using queue = createDelayQueue<string>({ clock, onDue: collect });
      const expect = (nodeName: string | undefined): void => {
        if (nodeName === undefined || nodeName === "" || store.get(KIND.nodes, { name: nodeName }) !== undefined) return;
        queue.scheduleEarlier(nodeName, clock.nowMs() + QUARANTINE_MS);
      };
      const ofPod = (object: ApiObject): void => expect(typed<Pod>(object).spec?.nodeName);
      await runTaskGroup(signal, {
        nodes: (linked) => {
          const onChange = ({ type, object }: { readonly type: string; readonly object: ApiObject }): void => {
            if (type === "DELETED") expect(object.metadata?.name);
            else queue.cancel(object.metadata?.name ?? "");
          };
          return follow(store, KIND.nodes, { follower: { onList: () => undefined, onChange }, signal: linked });
        },
        pods: (linked) =>
          follow(store, KIND.pods, {
            follower: {
              onList: (items) => items.forEach(ofPod),
              onChange: ({ type, object }) => (type === "DELETED" ? undefined : ofPod(object)),
            },
            signal: linked,
          }),
      });
    },
  };
};
