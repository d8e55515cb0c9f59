import type { ApiObject } from "../contracts.ts";
import { EVENT_TABLE } from "../tables/core-tables.ts";
import { EVENT } from "./core/event.ts";
import type { KindDefinition } from "./kind-definition.ts";
import { checkPathSegment } from "./names.ts";
import { textAt } from "./read-path.ts";

/** Fields that go by another name in events.k8s.io/v1, by their name in core/v1. */
const RENAMED: { readonly [core: string]: string } = {
  involvedObject: "regarding",
  message: "note",
  source: "deprecatedSource",
  firstTimestamp: "deprecatedFirstTimestamp",
  lastTimestamp: "deprecatedLastTimestamp",
  count: "deprecatedCount",
  reportingComponent: "reportingController",
};
const BACK = Object.fromEntries(Object.entries(RENAMED).map(([core, own]) => [own, core]));

const rename = (object: ApiObject, names: { readonly [name: string]: string }, apiVersion: string): ApiObject => ({
  ...Object.fromEntries(Object.entries(object).map(([name, value]) => [names[name] ?? name, value])),
  kind: "Event",
  apiVersion,
});

/** The same event is asked for again and again; stored objects do not change. */
const converted = new WeakMap<ApiObject, ApiObject>();

const fromStored = (stored: ApiObject): ApiObject => {
  const known = converted.get(stored);
  if (known !== undefined) return known;
  const { kind: _kind, apiVersion: _version, ...fields } = rename(stored, RENAMED, "events.k8s.io/v1");
  // Empty texts are written in core/v1, and left out here.
  const written = Object.entries(fields).filter(([, value]) => value !== "");
  const event: ApiObject = { kind: "Event", apiVersion: "events.k8s.io/v1", ...Object.fromEntries(written) };
  converted.set(stored, event);
  return event;
};

const toStored = (event: ApiObject): ApiObject => ({ reportingComponent: "", reportingInstance: "", ...rename(event, BACK, "v1") });

const REGARDING = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];

/** events.k8s.io/v1 Event: core/v1's events under newer names. */
export const EVENT_V1: KindDefinition = {
  group: "events.k8s.io",
  version: "v1",
  resource: "events",
  singular: "event",
  kind: "Event",
  type: "events.Event",
  namespaced: true,
  shortNames: ["ev"],
  table: { ...EVENT_TABLE, cells: (object, nowMs) => EVENT_TABLE.cells(toStored(object), nowMs) },
  selectableFields: {
    ...Object.fromEntries(REGARDING.map((name) => [`regarding.${name}`, (event: ApiObject) => textAt(event, `regarding.${name}`)])),
    reason: (event) => textAt(event, "reason"),
    reportingController: (event) => textAt(event, "reportingController"),
    type: (event) => textAt(event, "type"),
  },
  // The reference's messages name the kind of the core group here.
  errorGroup: "",
  strategy: {
    validateName: checkPathSegment,
    createsOnUpdate: true,
    validateCreate: (event) => EVENT.strategy.validateCreate?.(toStored(event)) ?? [],
    validateUpdate: (next, current) => EVENT.strategy.validateUpdate?.(toStored(next), toStored(current)) ?? [],
  },
  storedAs: { kind: { group: "", resource: "events" }, fromStored, toStored },
};
