import type { ApiObject } from "../../contracts.ts";
import { EVENT_TABLE } from "../../tables/core-tables.ts";
import { invalid, required } from "../field-error.ts";
import type { FieldError } from "../field-error.ts";
import type { KindDefinition } from "../kind-definition.ts";
import { checkPathSegment, checkQualifiedName } from "../names.ts";
import { textAt, valueAt } from "../read-path.ts";

const TYPES: ReadonlySet<string> = new Set(["Normal", "Warning"]);

const validate = (event: ApiObject): readonly FieldError[] => {
  const involved = textAt(event, "involvedObject.namespace");
  const own = event.metadata?.namespace ?? "";
  const controller = textAt(event, "reportingComponent");
  const type = textAt(event, "type");
  const isNew = typeof valueAt(event, "eventTime") === "string";
  // What has no namespace is told of in default, or in kube-system.
  const fits = involved === own || (involved === "" && (own === "default" || own === "kube-system"));
  return [
    ...(fits ? [] : [invalid("involvedObject.namespace", involved, "does not match event.namespace")]),
    ...(isNew && controller === "" ? [required("reportingController")] : []),
    ...(isNew ? checkQualifiedName(controller).map((text) => invalid("reportingController", controller, text)) : []),
    ...(isNew && textAt(event, "reportingInstance") === "" ? [required("reportingInstance")] : []),
    ...(isNew && textAt(event, "action") === "" ? [required("action")] : []),
    ...(isNew && textAt(event, "reason") === "" ? [required("reason")] : []),
    ...(isNew && !TYPES.has(type) ? [invalid("type", type, `has invalid value: ${type}`)] : []),
  ];
};

const INVOLVED = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];

/** core/v1 Event. */
export const EVENT: KindDefinition = {
  group: "",
  version: "v1",
  resource: "events",
  singular: "event",
  kind: "Event",
  type: "core.Event",
  namespaced: true,
  shortNames: ["ev"],
  table: EVENT_TABLE,
  selectableFields: {
    ...Object.fromEntries(
      INVOLVED.map((name) => [`involvedObject.${name}`, (event: ApiObject) => textAt(event, `involvedObject.${name}`)]),
    ),
    reason: (event) => textAt(event, "reason"),
    reportingComponent: (event) => textAt(event, "reportingComponent"),
    source: (event) => textAt(event, "source.component") || textAt(event, "reportingComponent"),
    type: (event) => textAt(event, "type"),
  },
  strategy: { validateName: checkPathSegment, createsOnUpdate: true, validateCreate: validate, validateUpdate: validate },
};
