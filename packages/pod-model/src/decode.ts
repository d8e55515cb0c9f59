import type * as CoreV1 from "./gen/core-v1.ts";
import { coreV1Schema } from "./gen/core-v1-schema.ts";
import { nearestName } from "@nk/stdx";

/** Names of fields, keys of maps and indexes of lists, from the root. */
export type FieldPath = readonly (string | number)[];

/** One thing in the input that the type does not allow. */
export interface DecodeProblem {
  /** e.g. `spec.containers[0].imagee`; empty for the root. */
  readonly path: string;
  /** The same as a list, for whoever needs to find the place in the text. */
  readonly segments: FieldPath;
  readonly message: string;
}

export interface DecodeResult<T> {
  /** Everything that could be read; trustworthy only when there are no problems. */
  readonly value: T;
  /** In the order of the input, at most 100. */
  readonly problems: readonly DecodeProblem[];
}

interface CoreV1Types {
  readonly Pod: CoreV1.Pod;
  readonly PodList: CoreV1.PodList;
  readonly PodSpec: CoreV1.PodSpec;
  readonly Container: CoreV1.Container;
  readonly Lifecycle: CoreV1.Lifecycle;
  readonly LifecycleHandler: CoreV1.LifecycleHandler;
  readonly ContainerPort: CoreV1.ContainerPort;
  readonly Probe: CoreV1.Probe;
  readonly ObjectMeta: CoreV1.ObjectMeta;
}

const MAX_PROBLEMS = 100;
const MAX_DEPTH = 64;
/** Listed in the field tables as strings, but a number is allowed in JSON too: `cpu: 1`. */
const QUANTITY_FIELDS: ReadonlySet<string> = new Set([
  "ResourceRequirements.limits",
  "ResourceRequirements.requests",
  "VolumeResourceRequirements.limits",
  "VolumeResourceRequirements.requests",
  "PodSpec.overhead",
  "EmptyDirVolumeSource.sizeLimit",
  "ResourceFieldSelector.divisor",
  "ContainerStatus.allocatedResources",
  "PodStatus.allocatedResources",
  "NodeAllocatableResourceClaimStatus.resources",
]);

/** `spec.containers[0].image`, `metadata.labels[example.org/app]`: a name that is no identifier stands in brackets. */
export const formatFieldPath = (segments: FieldPath): string => {
  let text = "";
  for (const segment of segments) {
    if (typeof segment === "number") text += `[${segment}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_]*$/u.test(segment)) text += text === "" ? segment : `.${segment}`;
    else text += `[${segment}]`;
  }
  return text;
};

const nameOfKind = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  if (typeof value === "bigint" || typeof value === "number") return "a number";
  return `a ${typeof value}`;
};

interface Place {
  readonly segments: FieldPath;
  /** A message that costs something to make is given as a function: it is not made any more when there are problems enough. */
  readonly report: (segments: FieldPath, message: string | (() => string)) => void;
}

const below = (place: Place, segment: string | number): Place => ({ segments: [...place.segments, segment], report: place.report });

const describeUnknown = (name: string, fields: { readonly [field: string]: string }): string => {
  const suggestion = nearestName(name, Object.keys(fields));
  return `unknown field ${JSON.stringify(name)}${suggestion === undefined ? "" : ` (did you mean ${JSON.stringify(suggestion)}?)`}`;
};

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const decodeInteger = (value: unknown, place: Place): number => {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number !== "number") place.report(place.segments, `expected a number, got ${nameOfKind(value)}`);
  else if (!Number.isInteger(number)) place.report(place.segments, `expected a whole number, got ${number}`);
  else if (!Number.isSafeInteger(number)) place.report(place.segments, `number ${String(value)} is out of range`);
  else return number;
  return 0;
};

const decodeScalar = (kind: string, value: unknown, place: Place): unknown => {
  switch (kind) {
    case "unknown":
      return value;
    case "number":
      return decodeInteger(value, place);
    case "int-or-string":
      return typeof value === "string" ? value : decodeInteger(value, place);
    case "quantity":
      if (typeof value === "number" || typeof value === "bigint") return String(value);
      return decodeScalar("string", value, place);
    case "timestamp":
      return decodeScalar("string", value, place);
    default:
      if (typeof value === kind) return value;
      place.report(place.segments, `expected a ${kind}, got ${nameOfKind(value)}`);
      return kind === "boolean" ? false : "";
  }
};

/** What Go has in a field that was not in the input; undefined for what Go has as a nil pointer. */
const zeroOf = (kind: string): unknown => {
  if (kind.startsWith("[]")) return [];
  if (kind.startsWith("{}")) return {};
  if (kind === "string" || kind === "quantity") return "";
  if (kind === "number" || kind === "int-or-string") return 0;
  if (kind === "boolean") return false;
  const fields = coreV1Schema[kind];
  if (fields === undefined) return undefined;
  return decodeFields(kind, {}, { segments: [], report: () => {} });
};

const decodeFields = (typeName: string, record: { readonly [key: string]: unknown }, place: Place): { readonly [key: string]: unknown } => {
  const fields = coreV1Schema[typeName] ?? {};
  const decoded: { [key: string]: unknown } = {};
  for (const [name, value] of Object.entries(record)) {
    const kind = Object.hasOwn(fields, name) ? fields[name]?.replace(/!$/u, "") : undefined;
    if (kind === undefined) {
      place.report([...place.segments, name], () => describeUnknown(name, fields));
    } else if (value !== null && value !== undefined) {
      const exactKind = QUANTITY_FIELDS.has(`${typeName}.${name}`) ? kind.replace("string", "quantity") : kind;
      decoded[name] = decodeKind(exactKind, value, below(place, name));
    }
  }
  for (const [name, kind] of Object.entries(fields)) {
    if (kind.endsWith("!") && decoded[name] === undefined) decoded[name] = zeroOf(kind.slice(0, -1));
  }
  return decoded;
};

const decodeList = (kind: string, value: unknown, place: Place): readonly unknown[] => {
  if (Array.isArray(value)) return value.map((item: unknown, index) => decodeKind(kind, item, below(place, index)));
  place.report(place.segments, `expected a list, got ${nameOfKind(value)}`);
  return [];
};

const decodeMap = (kind: string, value: unknown, place: Place): { readonly [key: string]: unknown } => {
  if (isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decodeKind(kind, item, below(place, key))]));
  place.report(place.segments, `expected an object, got ${nameOfKind(value)}`);
  return {};
};

const decodeKind = (kind: string, value: unknown, place: Place): unknown => {
  if (place.segments.length > MAX_DEPTH) {
    place.report(place.segments, `nested deeper than ${MAX_DEPTH} levels`);
    return undefined;
  }
  if (kind.startsWith("[]")) return decodeList(kind.slice(2), value, place);
  if (kind.startsWith("{}")) return decodeMap(kind.slice(2), value, place);
  if (coreV1Schema[kind] === undefined) return decodeScalar(kind, value, place);
  if (isRecord(value)) return decodeFields(kind, value, place);
  place.report(place.segments, `expected an object, got ${nameOfKind(value)}`);
  return zeroOf(kind);
};

/**
 * Reads parsed JSON or YAML as a core/v1 type, strictly: every unknown field (with the likely right name) and every value of a wrong type
 * is reported with its path. As in Go, null is absent, and a required field that is absent gets its zero value (that it may not stay so
 * is validation's business). Integers may be given as bigint. Quantities may be numbers; they become strings. Never throws.
 */
export const decodeObject = <K extends keyof CoreV1Types>(typeName: K, value: unknown): DecodeResult<CoreV1Types[K]> => {
  const problems: DecodeProblem[] = [];
  const report: Place["report"] = (segments, message) => {
    if (problems.length >= MAX_PROBLEMS) return;
    problems.push({ path: formatFieldPath(segments), segments, message: typeof message === "string" ? message : message() });
  };
  const decoded = decodeKind(typeName, value, { segments: [], report });
  // The field tables and the types are generated from the same source: what was decoded by a table has its type.
  return { value: decoded as CoreV1Types[K], problems };
};
