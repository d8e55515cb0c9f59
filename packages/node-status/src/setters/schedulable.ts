import { NODE_EVENTS } from "../node-events.ts";
import type { Setter, SetterOutput } from "./setter.ts";

/** Changes nothing: tells that the node was cordoned or uncordoned. */
export const setSchedulable: Setter = ({ node, settings, wasUnschedulable }): SetterOutput => {
  const isUnschedulable = node.spec?.unschedulable === true;
  if (isUnschedulable === wasUnschedulable) return {};
  const reason = isUnschedulable ? "NodeNotSchedulable" : "NodeSchedulable";
  return { events: [{ topic: "Schedulable", event: NODE_EVENTS.statusIsNow(settings.nodeName, reason) }] };
};
