import type { Pod } from "@nk/pod-model";
import type { Field } from "./field.ts";
import { SUPPORTED_FIELDS, UNSUPPORTED_VALUES } from "./supported-fields.ts";

/** Asked for fields that the table does not have, e.g. `spec.volumes[].configMap`; true accepts the field and all below it. */
export type IsFieldSupported = (pattern: string) => boolean;

/** Fields whose whole content is accepted, those accepted by how their names begin, fields themselves, and those on the way to one of them. */
const SUBTREES = new Set<string>();
const BEGINNINGS: string[] = [];
const NODES = new Set<string>();

const addAncestors = (pattern: string): void => {
  const parts = pattern.split(/\.|(?=\[\])/u);
  let path = "";
  for (const part of parts) {
    path = path === "" || part === "[]" ? path + part : `${path}.${part}`;
    NODES.add(path);
  }
};

for (const pattern of SUPPORTED_FIELDS) {
  if (pattern.endsWith(".*")) SUBTREES.add(pattern.slice(0, -2));
  if (pattern.endsWith("-*")) BEGINNINGS.push(pattern.slice(0, -1));
  addAncestors(pattern.replace(/\.\*$/u, ""));
}

const isKnown = (pattern: string): boolean =>
  pattern === "" || NODES.has(pattern) || BEGINNINGS.some((beginning) => pattern.startsWith(beginning));

const NOT_YET = "is not supported by nk yet";

interface Walk {
  readonly field: Field;
  /** The field's path within the pod, with `[]` for every index. */
  readonly pattern: string;
}

const step = ({ field, pattern }: Walk, segment: string | number): Walk => {
  if (typeof segment === "number") return { field: field.at(segment), pattern: `${pattern}[]` };
  return { field: field.at(segment), pattern: pattern === "" ? segment : `${pattern}.${segment}` };
};

const walk = (value: unknown, place: Walk, isFieldSupported: IsFieldSupported): void => {
  const { field, pattern } = place;
  // An empty list asks for nothing.
  if (SUBTREES.has(pattern) || (Array.isArray(value) && value.length === 0)) return;
  if (!isKnown(pattern)) {
    if (!isFieldSupported(pattern)) field.report(NOT_YET);
    return;
  }
  if (typeof value === "string" && UNSUPPORTED_VALUES[pattern]?.some((prefix) => value.startsWith(prefix)) === true) {
    if (!isFieldSupported(`${pattern}=${value}`)) field.report(`value ${JSON.stringify(value)} ${NOT_YET}`);
  }
  if (Array.isArray(value)) for (const [index, item] of value.entries()) walk(item, step(place, index), isFieldSupported);
  else if (typeof value === "object" && value !== null) {
    for (const [name, item] of Object.entries(value)) walk(item, step(place, name), isFieldSupported);
  }
};

/**
 * Reports the topmost fields that nk does not act upon. The pod is as it was written: defaults would report fields nobody set.
 */
export const checkSupported = (pod: Pod, root: Field, isFieldSupported: IsFieldSupported): void =>
  walk(pod, { field: root, pattern: "" }, isFieldSupported);
