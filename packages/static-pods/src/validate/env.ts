import type { EnvVar, EnvVarSource } from "@nk/pod-model";
import { forEachItem } from "../field.ts";
import type { Field } from "../field.ts";
import { whyNotEnvName } from "./names.ts";
import { readAmount } from "./rules.ts";

const FIELD_PATHS = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
] as const;
const SUBSCRIPTED = /^metadata\.(labels|annotations)\['[^']+'\]$/u;
const RESOURCES = ["cpu", "ephemeral-storage", "memory"].flatMap((name) => [`limits.${name}`, `requests.${name}`]).toSorted();

const checkSource = (source: EnvVarSource, field: Field): void => {
  const { fieldRef, resourceFieldRef } = source;
  if (Object.keys(source).length === 0)
    field.invalid("", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
  if (Object.keys(source).length > 1) field.invalid("", "may not have more than one field specified at a time");
  if (fieldRef !== undefined) {
    const place = field.at("fieldRef", "fieldPath");
    if (fieldRef.fieldPath === "") place.required();
    else if (!FIELD_PATHS.some((path) => path === fieldRef.fieldPath) && !SUBSCRIPTED.test(fieldRef.fieldPath)) {
      place.unsupported(fieldRef.fieldPath, FIELD_PATHS);
    }
    if (fieldRef.apiVersion !== undefined && fieldRef.apiVersion !== "v1")
      field.at("fieldRef", "apiVersion").unsupported(fieldRef.apiVersion, ["v1"]);
  }
  if (resourceFieldRef !== undefined) {
    const place = field.at("resourceFieldRef");
    if (resourceFieldRef.resource === "") place.at("resource").required();
    else if (!RESOURCES.includes(resourceFieldRef.resource)) place.at("resource").unsupported(resourceFieldRef.resource, RESOURCES);
    if (resourceFieldRef.divisor !== undefined) readAmount(resourceFieldRef.divisor, place.at("divisor"));
  }
};

/** The environment of one container. */
export const validateEnv = (env: readonly EnvVar[] | undefined, list: Field): void =>
  forEachItem(env, list, (variable, field) => {
    if (variable.name === "") field.at("name").required();
    else {
      const why = whyNotEnvName(variable.name);
      if (why !== undefined) field.at("name").invalid(variable.name, why);
    }
    if (variable.valueFrom === undefined) return;
    if (variable.value) field.at("valueFrom").invalid("", "may not be specified when `value` is not empty");
    checkSource(variable.valueFrom, field.at("valueFrom"));
  });
