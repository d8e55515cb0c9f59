import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { formatTimestamp, formatTimestampMicro } from "@nk/pod-model";
import type { ApiObject } from "../contracts.ts";
import { KIND } from "../stored-kinds.ts";
import type { ControllerOptions } from "./options.ts";

/** What happened to an object. */
export interface EventText {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** Who says so, e.g. `default-scheduler`. */
  readonly component: string;
  /** What was done, e.g. `Binding`: the component tells its events by the newer API, which has one instant instead of two. */
  readonly action?: string;
}

/** The older events say since when and how often. */
const timesOf = ({ component, action }: EventText, nowMs: number): object => {
  if (action === undefined) {
    const at = formatTimestamp(nowMs);
    return { source: { component }, firstTimestamp: at, lastTimestamp: at, count: 1 };
  }
  const at = formatTimestampMicro(nowMs);
  return { source: {}, eventTime: at, action, reportingInstance: `${component}-${hostname()}` };
};

/** Writes an event about an object, into its namespace or `default`. */
export const recordEvent = (about: ApiObject, text: EventText, { client, clock }: Pick<ControllerOptions, "client" | "clock">): void => {
  const { name = "", namespace, uid, resourceVersion } = about.metadata ?? {};
  client.create(KIND.events, {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name}.${randomBytes(8).toString("hex")}`, namespace: namespace ?? "default" },
    involvedObject: {
      apiVersion: about.apiVersion ?? "v1",
      kind: about.kind ?? "",
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    type: text.type,
    reason: text.reason,
    message: text.message,
    reportingComponent: text.component,
    ...timesOf(text, clock.nowMs()),
  });
};
