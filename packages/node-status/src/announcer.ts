import type { ObjectReference } from "@nk/pod-model";
import type { Logger } from "@nk/stdx";
import type { ComputedNode } from "./compute-node.ts";
import type { EventPort, NodeEvent } from "./ports.ts";

/** Tells events and problems of computed statuses, each once: a status that can't be sent is computed again and again. */
export interface Announcer {
  announce(computed: ComputedNode): void;
  /** An event of somebody else about the node. */
  record(event: NodeEvent): void;
  /** What was last known about pods being allowed on the node; a new kubelet takes it that they are. */
  readonly wasUnschedulable: boolean;
}

/** An announcer that has told nothing. */
export const createAnnouncer = (events: EventPort, options: { readonly nodeName: string; readonly logger: Logger }): Announcer => {
  const { nodeName, logger } = options;
  const involved: ObjectReference = { apiVersion: "v1", kind: "Node", name: nodeName };
  let told = new Map<string, string>();
  let problems = "";
  let wasUnschedulable = false;

  const record = (event: NodeEvent): void => events.record({ ...event, involved });

  return {
    record,
    get wasUnschedulable() {
      return wasUnschedulable;
    },
    announce(computed) {
      const now = new Map(computed.events.map(({ topic, event }) => [topic, event.message]));
      for (const { topic, event } of computed.events) {
        if (told.get(topic) !== event.message) record(event);
      }
      // A topic without an event is as the server has it: the next turn is news again.
      told = now;
      wasUnschedulable = computed.node.spec?.unschedulable === true;
      const text = computed.problems.join("; ");
      if (text !== problems && text !== "") logger.warn("parts of the node's status can't be computed", { problems: computed.problems });
      problems = text;
    },
  };
};
