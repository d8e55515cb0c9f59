import type { DownwardAPIVolumeFile, DownwardAPIVolumeSource, ProjectedVolumeSource } from "@nk/pod-model";
import { forEachItem } from "../field.ts";
import type { Field } from "../field.ts";
import { checkFieldRef, checkResourceFieldRef } from "./field-refs.ts";
import { checkLocalPath } from "./rules.ts";

const FIELD_PATHS = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"] as const;
const MAX_MODE = 0o777;

const checkMode = (mode: number | undefined, field: Field): void => {
  if (mode === undefined || (mode >= 0 && mode <= MAX_MODE)) return;
  field.invalid(mode, "must be a number between 0 and 0777 (octal), both inclusive");
};

/** Kubernetes' atomic writer keeps its own links at the top of a volume, with names that begin so. */
const checkPath = (path: string, field: Field): void => {
  if (path === "") field.required();
  checkLocalPath(path, field);
  if (path.startsWith("..") && path.split("/")[0] !== "..") field.invalid(path, "must not start with '..'");
};

const checkFile = (file: DownwardAPIVolumeFile, field: Field): void => {
  const { fieldRef, resourceFieldRef } = file;
  checkPath(file.path, field.at("path"));
  if (fieldRef === undefined && resourceFieldRef === undefined) field.required("one of fieldRef and resourceFieldRef is required");
  if (fieldRef !== undefined && resourceFieldRef !== undefined)
    field.invalid("resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
  if (fieldRef !== undefined) checkFieldRef(fieldRef, field.at("fieldRef"), FIELD_PATHS);
  else if (resourceFieldRef !== undefined) checkResourceFieldRef(resourceFieldRef, field.at("resourceFieldRef"), true);
  checkMode(file.mode, field.at("mode"));
};

/** A volume of the pod's own fields. */
export const checkDownwardApi = (source: DownwardAPIVolumeSource, field: Field): void => {
  checkMode(source.defaultMode, field.at("defaultMode"));
  forEachItem(source.items, field.at("items"), checkFile);
};

/** A volume of several sources. Only the pod's own fields can be among a static pod's: the others are objects of the API. */
export const checkProjected = (source: ProjectedVolumeSource, field: Field): void => {
  checkMode(source.defaultMode, field.at("defaultMode"));
  const paths = new Set<string>();
  forEachItem(source.sources, field.at("sources"), (projection, place) => {
    if (Object.keys(projection).length > 1) place.forbidden("may not specify more than 1 volume type per source");
    forEachItem(projection.downwardAPI?.items, place.at("downwardAPI", "items"), (file, item) => {
      checkFile(file, item);
      if (paths.has(file.path) && file.path !== "") item.at("path").invalid(file.path, "conflicting duplicate paths");
      paths.add(file.path);
    });
  });
};
