import { formatQuantity } from "@nk/pod-model";
import type { ObjectFieldSelector, ResourceFieldSelector } from "@nk/pod-model";
import type { Field } from "../field.ts";
import { whyNotQualifiedName } from "./names.ts";
import { readAmount } from "./rules.ts";

/** What can be told of a pod anywhere; one place may allow less. */
const KNOWN_PATHS: ReadonlySet<string> = new Set([
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.restartPolicy",
  "spec.serviceAccountName",
  "spec.schedulerName",
  "status.phase",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
]);
/** Of a path, as much as a message shows. */
const MAX_SHOWN_LENGTH = 200;

/** `metadata.labels['key']` in two parts; undefined for a path without a subscript. */
const splitSubscript = (fieldPath: string): { readonly path: string; readonly key: string } | undefined => {
  const begin = fieldPath.indexOf("['");
  if (begin <= 0 || !fieldPath.endsWith("']")) return undefined;
  return { path: fieldPath.slice(0, begin), key: fieldPath.slice(begin + 2, -2) };
};

const checkPath = (fieldPath: string, field: Field, allowed: readonly string[]): void => {
  const cannotConvert = (why: string): void =>
    field.invalid(fieldPath, `error converting fieldPath: ${why}: ${fieldPath.slice(0, MAX_SHOWN_LENGTH)}`);
  const subscripted = splitSubscript(fieldPath);
  if (subscripted === undefined) {
    if (!KNOWN_PATHS.has(fieldPath)) cannotConvert("field label not supported");
    else if (!allowed.includes(fieldPath)) field.unsupported(fieldPath, allowed);
    return;
  }
  const { path, key } = subscripted;
  if (path !== "metadata.labels" && path !== "metadata.annotations") {
    cannotConvert("field label does not support subscript");
    return;
  }
  const name = path === "metadata.annotations" ? key.toLowerCase() : key;
  const why = whyNotQualifiedName(name);
  if (why !== undefined) field.invalid(name, why);
};

/** A reference to one of the pod's own fields: one of the allowed ones, or a label or annotation by its key. */
export const checkFieldRef = (ref: ObjectFieldSelector, field: Field, allowed: readonly string[]): void => {
  if (ref.fieldPath === "") field.at("fieldPath").required();
  else checkPath(ref.fieldPath, field.at("fieldPath"), allowed);
  if (ref.apiVersion !== undefined && ref.apiVersion !== "v1") field.at("apiVersion").unsupported(ref.apiVersion, ["v1"]);
};

const BYTES = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
/** Resources that can be told, what they may be divided by, and how the reference calls them when it complains. */
const DIVISORS: { readonly [resource: string]: { readonly allowed: readonly string[]; readonly text: string } } = {
  cpu: { allowed: ["1m", "1"], text: "1m and 1 are supported with the cpu resource" },
  memory: { allowed: BYTES, text: `${BYTES.join(", ")} are supported with the memory resource` },
  "ephemeral-storage": { allowed: BYTES, text: `${BYTES.join(", ")} are supported with the local ephemeral storage resource` },
  hugepages: { allowed: BYTES, text: `${BYTES.join(", ")} are supported with the hugepages resource` },
};
const RESOURCES = ["cpu", "ephemeral-storage", "memory"].flatMap((name) => [`limits.${name}`, `requests.${name}`]).toSorted();

const checkDivisor = (ref: ResourceFieldSelector, field: Field): void => {
  const divisor = ref.divisor === undefined ? undefined : readAmount(ref.divisor, field);
  if (divisor === undefined || divisor.nanos === 0n) return;
  const [, name = ""] = /^(?:limits|requests)\.(cpu|memory|ephemeral-storage|hugepages(?=-))/u.exec(ref.resource) ?? [];
  const { allowed, text } = DIVISORS[name] ?? {};
  if (allowed?.includes(formatQuantity(divisor)) === false) field.invalid(ref.resource, `only divisor's values ${text}`);
};

/** A reference to what a container asks for or is limited to; a volume has to say of which container. */
export const checkResourceFieldRef = (ref: ResourceFieldSelector, field: Field, isInVolume: boolean): void => {
  const place = field.at("resource");
  if (isInVolume && (ref.containerName ?? "") === "") field.at("containerName").required();
  else if (ref.resource === "") place.required();
  else if (!RESOURCES.includes(ref.resource) && !/^(limits|requests)\.hugepages-/u.test(ref.resource)) {
    place.unsupported(ref.resource, RESOURCES);
  }
  checkDivisor(ref, field.at("divisor"));
};
