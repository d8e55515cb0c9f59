import type { EnvVar, EnvVarSource, FileKeySelector, Volume } from "@nk/pod-model";
import { forEachItem } from "../field.ts";
import type { Field } from "../field.ts";
import { checkFieldRef, checkResourceFieldRef } from "./field-refs.ts";
import { whyNotDnsLabel, whyNotEnvName } from "./names.ts";
import { checkNoBacksteps } from "./rules.ts";

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

const checkFileKey = (ref: FileKeySelector, field: Field, volumes: readonly Volume[]): void => {
  const whyNotKey = whyNotEnvName(ref.key);
  if (ref.key === "") field.at("key").required();
  else if (whyNotKey !== undefined) field.at("key").invalid(ref.key, whyNotKey);
  const name = field.at("volumeName");
  const whyNotName = whyNotDnsLabel(ref.volumeName);
  const volume = volumes.find((one) => one.name === ref.volumeName);
  if (ref.volumeName === "") name.required();
  else if (whyNotName !== undefined) name.invalid(ref.volumeName, whyNotName);
  else if (volume === undefined) name.notFound(ref.volumeName);
  else if (volume.emptyDir === undefined) name.invalid(ref.volumeName, "referenced volume must be of type emptyDir");
  if (ref.path === "") field.at("path").required();
  else checkNoBacksteps(ref.path, field.at("path"));
};

const checkSource = (source: EnvVarSource, field: Field, volumes: readonly Volume[]): void => {
  const { fieldRef, resourceFieldRef, fileKeyRef } = source;
  if (Object.keys(source).length === 0)
    field.invalid("", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
  if (Object.keys(source).length > 1) field.invalid("", "may not have more than one field specified at a time");
  if (fieldRef !== undefined) checkFieldRef(fieldRef, field.at("fieldRef"), FIELD_PATHS);
  if (resourceFieldRef !== undefined) checkResourceFieldRef(resourceFieldRef, field.at("resourceFieldRef"), false);
  if (fileKeyRef !== undefined) checkFileKey(fileKeyRef, field.at("fileKeyRef"), volumes);
};

/** The environment of one container, which may be read from files of the pod's volumes. */
export const validateEnv = (env: readonly EnvVar[] | undefined, list: Field, volumes: readonly Volume[] = []): void =>
  forEachItem(env, list, (variable, field) => {
    if (variable.name === "") field.at("name").required();
    else {
      const why = whyNotEnvName(variable.name);
      if (why !== undefined) field.at("name").invalid(variable.name, why);
    }
    if (variable.valueFrom === undefined) return;
    if (variable.value) field.at("valueFrom").invalid("", "may not be specified when `value` is not empty");
    checkSource(variable.valueFrom, field.at("valueFrom"), volumes);
  });
