import { isDeepStrictEqual } from "node:util";
import type { ApiObject, ApiObjectMeta } from "../contracts.ts";
import { invalid, notAllowed, required, tooLong } from "./field-error.ts";
import type { FieldError } from "./field-error.ts";
import { checkLabelValue, checkQualifiedName, checkSubdomain } from "./names.ts";
import type { NameCheck } from "./names.ts";

const MAX_ANNOTATIONS_BYTES = 256 * 1024;

/** Labels: qualified names, short values. */
export const validateLabels = (labels: { readonly [key: string]: string } | undefined, field: string): readonly FieldError[] =>
  Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...checkQualifiedName(key).map((text) => invalid(field, key, text)),
    ...checkLabelValue(value).map((text) => invalid(field, value, text)),
  ]);

const validateAnnotations = (annotations: { readonly [key: string]: string } | undefined, field: string): readonly FieldError[] => {
  const entries = Object.entries(annotations ?? {});
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return [
    ...entries.flatMap(([key]) => checkQualifiedName(key.toLowerCase()).map((text) => invalid(field, key, text))),
    ...(bytes > MAX_ANNOTATIONS_BYTES ? [tooLong(field, MAX_ANNOTATIONS_BYTES)] : []),
  ];
};

interface OwnerReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly controller?: boolean;
}

const validateOwners = (owners: readonly OwnerReference[], field: string): readonly FieldError[] => {
  const errors = owners.flatMap((owner): readonly FieldError[] => [
    ...(owner.apiVersion ? [] : [invalid(`${field}.apiVersion`, owner.apiVersion ?? "", "version must not be empty")]),
    ...(owner.kind ? [] : [invalid(`${field}.kind`, owner.kind ?? "", "must not be empty")]),
    ...(owner.name ? [] : [invalid(`${field}.name`, owner.name ?? "", "must not be empty")]),
    ...(owner.uid ? [] : [invalid(`${field}.uid`, owner.uid ?? "", "must not be empty")]),
  ]);
  const controllers = owners.filter(({ controller }) => controller === true);
  if (controllers.length < 2) return errors;
  const [first, second] = controllers.map(({ kind, name }) => `${kind}/${name}`);
  const text = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`;
  return [...errors, invalid(field, owners, text)];
};

const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(["kubernetes", "orphan", "foregroundDeletion"]);

const validateFinalizers = (finalizers: readonly string[], field: string): readonly FieldError[] =>
  finalizers.flatMap((name, index) => {
    const problems = checkQualifiedName(name).map((text) => invalid(field, name, text));
    if (problems.length > 0 || name.includes("/") || STANDARD_FINALIZERS.has(name)) return problems;
    return [invalid(`${field}[${index}]`, name, "name is neither a standard finalizer name nor is it fully qualified")];
  });

const validateParts = (meta: ApiObjectMeta): readonly FieldError[] => [
  ...validateLabels(meta.labels, "metadata.labels"),
  ...validateAnnotations(meta.annotations, "metadata.annotations"),
  ...validateOwners((meta["ownerReferences"] as readonly OwnerReference[] | undefined) ?? [], "metadata.ownerReferences"),
  ...validateFinalizers(meta.finalizers ?? [], "metadata.finalizers"),
];

/** A new object's metadata (apimachinery, pkg/api/validation/objectmeta.go). */
export const validateMetaCreate = (object: ApiObject, checkName: NameCheck = checkSubdomain): readonly FieldError[] => {
  const meta = object.metadata ?? {};
  const name = meta.name ?? "";
  // A prefix may end in a dash; with what comes after it, it does not.
  const prefix = (meta.generateName ?? "").replace(/-$/u, "a");
  return [
    ...(prefix === "" ? [] : checkName(prefix).map((text) => invalid("metadata.generateName", meta.generateName, text))),
    ...(name === ""
      ? [required("metadata.name", "name or generateName is required")]
      : checkName(name).map((text) => invalid("metadata.name", name, text))),
    ...validateParts(meta),
  ];
};

const IMMUTABLE = ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] as const;

const validateAddedFinalizers = (next: ApiObjectMeta, current: ApiObjectMeta): readonly FieldError[] => {
  if (current.deletionTimestamp === undefined) return [];
  const added = (next.finalizers ?? []).filter((name) => current.finalizers?.includes(name) !== true);
  if (added.length === 0) return [];
  const names = added.map((name) => JSON.stringify(name)).join(", ");
  const text = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${names}}`;
  return [notAllowed("metadata.finalizers", text)];
};

/** Metadata that takes the place of other metadata. */
export const validateMetaUpdate = (next: ApiObject, current: ApiObject): readonly FieldError[] => {
  const [meta, old] = [next.metadata ?? {}, current.metadata ?? {}];
  return [
    ...validateAddedFinalizers(meta, old),
    ...(meta.resourceVersion ? [] : [invalid("metadata.resourceVersion", "", "must be specified for an update")]),
    ...IMMUTABLE.flatMap((field) =>
      isDeepStrictEqual(meta[field], old[field]) ? [] : [invalid(`metadata.${field}`, meta[field] ?? null, "field is immutable")],
    ),
    ...validateParts(meta),
  ];
};
