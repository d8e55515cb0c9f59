import { formatQuantity, parseQuantity } from "@nk/pod-model";
import { DecodeError } from "./decode-error.ts";
import { readMicros, readSeconds } from "./go-time.ts";
import { goTypeName } from "./schema.ts";
import type { FieldPlan, Scalar, TypePlan } from "./schema.ts";

const MAX_DEPTH = 200;
const QUANTITY_TEXT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const BASE64_SHAPE = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u;

type Fields = { readonly [name: string]: unknown };
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

const jsonKind = (value: unknown): string => {
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "number" : `number ${value}`;
  return typeof value === "boolean" ? "bool" : typeof value;
};

/** Where the walk is: the struct that has the field, and the names that led there. */
interface Place {
  struct: string;
  readonly names: string[];
  /** The same with indexes, for unknown fields. */
  readonly segments: (string | number)[];
  readonly unknownFields: string[];
}

const mismatch = (value: unknown, goType: string, place: Place): DecodeError => {
  const kind = goType.startsWith("int") || goType === "float64" ? jsonKind(value) : jsonKind(value).split(" ")[0];
  const where = place.names.length === 0 ? "Go value" : `Go struct field ${place.struct}.${place.names.join(".")}`;
  return new DecodeError(`json: cannot unmarshal ${kind} into ${where} of type ${goType}`);
};

const asQuantity = (value: unknown): string => {
  if (typeof value !== "string" && typeof value !== "number") throw new DecodeError(QUANTITY_TEXT);
  try {
    return formatQuantity(parseQuantity(`${value}`.trim()));
  } catch {
    throw new DecodeError(QUANTITY_TEXT);
  }
};

const asBytes = (value: unknown, place: Place): string => {
  if (typeof value !== "string") throw mismatch(value, "[]uint8", place);
  const text = value.replaceAll(/[\r\n]/gu, "");
  if (BASE64_SHAPE.test(text)) return text;
  const bad = text.search(/[^A-Za-z0-9+/=]/u);
  throw new DecodeError(`illegal base64 data at input byte ${bad < 0 ? text.length : bad}`);
};

const SCALARS: { readonly [S in Scalar]: (value: unknown, place: Place) => unknown } = {
  string: (value, place) => {
    if (typeof value !== "string") throw mismatch(value, "string", place);
    return value;
  },
  boolean: (value, place) => {
    if (typeof value !== "boolean") throw mismatch(value, "bool", place);
    return value;
  },
  int32: (value, place) => {
    if (typeof value !== "number" || !Number.isInteger(value) || Math.abs(value) > 2 ** 31) throw mismatch(value, "int32", place);
    return value;
  },
  int64: (value, place) => {
    if (typeof value !== "number" || !Number.isInteger(value)) throw mismatch(value, "int64", place);
    return value;
  },
  number: (value, place) => {
    if (typeof value !== "number") throw mismatch(value, "float64", place);
    return value;
  },
  quantity: asQuantity,
  "int-or-string": (value, place) => {
    if (typeof value !== "string" && typeof value !== "number") throw mismatch(value, "intstr.IntOrString", place);
    return value;
  },
  timestamp: readSeconds,
  microtime: readMicros,
  duration: (value, place) => {
    if (typeof value !== "string") throw mismatch(value, "string", place);
    return value;
  },
  bytes: asBytes,
  unknown: (value) => value,
};

const zeroOf = (type: TypePlan): unknown => {
  switch (type.form) {
    case "list":
    case "map":
      return null;
    case "struct":
      return readStruct(type, {}, { struct: "", names: [], segments: [], unknownFields: [] });
    case "scalar":
      return ZEROES[type.scalar] ?? null;
  }
};

const ZEROES: { readonly [S in Scalar]?: unknown } = {
  string: "",
  boolean: false,
  int32: 0,
  int64: 0,
  number: 0,
  quantity: "0",
  "int-or-string": 0,
  duration: "0s",
};

const isZero = (value: unknown, type: TypePlan): boolean => {
  switch (type.form) {
    case "list":
      return (value as readonly unknown[]).length === 0;
    case "map":
      return Object.keys(value as Fields).length === 0;
    case "struct":
      return false;
    case "scalar":
      // A quantity or a time is a struct in Go: `omitempty` does not leave it out.
      return value === "" || value === 0 ? type.scalar !== "quantity" && type.scalar !== "int-or-string" : value === false;
  }
};

/** Structs in Go, pointers aside, are written whatever they hold; so are times. */
const isStructInGo = (type: TypePlan): boolean =>
  type.form === "struct" ||
  (type.form === "scalar" && ["timestamp", "microtime", "quantity", "int-or-string", "duration"].includes(type.scalar));

/** Fills in what Go writes for a field that is absent; undefined for nothing. */
const absentValue = (field: FieldPlan): unknown => {
  if (field.omitZero) return undefined;
  if (field.pointer) return field.omitEmpty ? undefined : null;
  if (!field.omitEmpty || isStructInGo(field.type)) return zeroOf(field.type);
  return undefined;
};

const readField = (field: FieldPlan, value: unknown, place: Place): unknown => {
  if (value === null || value === undefined) return absentValue(field);
  const read = readValue(field.type, value, place);
  if (field.pointer || !isZero(read, field.type)) return read;
  // Go's storage knows no empty list or map: what is empty comes back as absent, which is null where the field is always written.
  return field.omitEmpty || field.type.form !== "scalar" ? absentValue(field) : read;
};

const readStruct = (type: TypePlan & { readonly form: "struct" }, value: Fields, place: Place): Fields => {
  const result: { [name: string]: unknown } = {};
  const struct = type.name.slice(type.name.indexOf(".") + 1);
  for (const name of Object.keys(value)) {
    if (!type.fields.has(name)) place.unknownFields.push(formatPath([...place.segments, name]));
  }
  for (const field of type.fields.values()) {
    place.struct = struct;
    place.names.push(field.name);
    place.segments.push(field.name);
    const read = readField(field, value[field.name], place);
    place.names.pop();
    place.segments.pop();
    if (read !== undefined) result[field.name] = read;
  }
  return result;
};

const readList = (element: TypePlan, value: readonly unknown[], place: Place): readonly unknown[] =>
  value.map((item, index) => {
    place.segments.push(index);
    const read = item === null ? zeroOf(element) : readValue(element, item, place);
    place.segments.pop();
    return read;
  });

const readMap = (element: TypePlan, value: Fields, place: Place): Fields => {
  const result: { [name: string]: unknown } = {};
  for (const [name, item] of Object.entries(value)) {
    place.segments.push(name);
    // defineProperty semantics: a key such as __proto__ is data.
    Object.defineProperty(result, name, {
      value: item === null ? zeroOf(element) : readValue(element, item, place),
      enumerable: true,
      writable: true,
      configurable: true,
    });
    place.segments.pop();
  }
  return result;
};

const readValue = (type: TypePlan, value: unknown, place: Place): unknown => {
  if (type.form === "scalar") return SCALARS[type.scalar](value, place);
  if (place.segments.length > MAX_DEPTH) throw new DecodeError("json: exceeded max depth");
  switch (type.form) {
    case "struct":
      if (!isFields(value)) throw mismatch(value, goTypeName(type), place);
      return readStruct(type, value, place);
    case "list":
      if (!Array.isArray(value)) throw mismatch(value, goTypeName(type), place);
      return readList(type.element, value, place);
    case "map":
      if (!isFields(value)) throw mismatch(value, goTypeName(type), place);
      return readMap(type.element, value, place);
  }
};

const formatPath = (segments: readonly (string | number)[]): string => {
  let text = "";
  for (const segment of segments) text += typeof segment === "number" ? `[${segment}]` : text === "" ? segment : `.${segment}`;
  return text;
};

/**
 * Reads JSON as Go would into the type and writes it as Go would: null is absent, empty fields are left out or filled with zero as
 * their declaration says, times and quantities get their canonical text, unknown fields are dropped and listed.
 * @throws DecodeError for a value of the wrong kind.
 */
export const canonicalize = (
  type: TypePlan,
  value: { readonly [name: string]: unknown },
): { readonly value: { readonly [name: string]: unknown }; readonly unknownFields: readonly string[] } => {
  const place: Place = { struct: "", names: [], segments: [], unknownFields: [] };
  const read = readValue(type, value, place) as Fields;
  return { value: read, unknownFields: place.unknownFields };
};
