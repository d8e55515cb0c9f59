import { SCHEMA } from "./gen/schema.ts";

/** Values that JSON holds in one word. */
export type Scalar =
  | "string"
  | "boolean"
  | "int32"
  | "int64"
  | "number"
  | "quantity"
  | "int-or-string"
  | "timestamp"
  | "microtime"
  | "duration"
  | "bytes"
  | "unknown";

/** What a field may hold. */
export type TypePlan =
  | { readonly form: "scalar"; readonly scalar: Scalar }
  | { readonly form: "struct"; readonly name: string; readonly fields: ReadonlyMap<string, FieldPlan> }
  | { readonly form: "list"; readonly element: TypePlan }
  | { readonly form: "map"; readonly element: TypePlan };

/** One field as its Go declaration has it. */
export interface FieldPlan {
  readonly name: string;
  readonly type: TypePlan;
  /** Left out of the JSON when zero. */
  readonly omitEmpty: boolean;
  /** Left out when a struct that is zero. */
  readonly omitZero: boolean;
  readonly pointer: boolean;
  /** How a strategic merge patch merges it: `merge`, `replace`, `retainKeys`. */
  readonly patchStrategies: readonly string[];
  /** By which field the items of a list are told apart in a strategic merge; empty for primitives. */
  readonly mergeKey: string;
  /** How server-side apply merges a list. */
  readonly listType: "atomic" | "set" | "map";
  readonly listKeys: readonly string[];
  /** A map or struct that server-side apply takes as one value. */
  readonly atomic: boolean;
}

const plans = new Map<string, TypePlan>();

const structPlan = (name: string): TypePlan => {
  const known = plans.get(name);
  if (known !== undefined) return known;
  const declared = SCHEMA[name];
  if (declared === undefined) throw new Error(`no such type in the schema: ${name}`);
  const fields = new Map<string, FieldPlan>();
  const plan: TypePlan = { form: "struct", name, fields };
  // Registered before its fields are read: types refer to themselves.
  plans.set(name, plan);
  for (const [field, words] of Object.entries(declared)) fields.set(field, parseField(field, words));
  return plan;
};

const parseType = (text: string): TypePlan => {
  if (text.startsWith("[]")) return { form: "list", element: parseType(text.slice(2)) };
  if (text.startsWith("{}")) return { form: "map", element: parseType(text.slice(2)) };
  return text.includes(".") ? structPlan(text) : { form: "scalar", scalar: text as Scalar };
};

const wordAfter = (words: readonly string[], prefix: string): string | undefined =>
  words.find((word) => word.startsWith(prefix))?.slice(prefix.length);

const parseField = (name: string, text: string): FieldPlan => {
  const [type = "unknown", ...words] = text.split(" ");
  const [strategies = "", mergeKey = ""] = (wordAfter(words, "p=") ?? "").split(":");
  const [listType = "atomic", listKeys = ""] = (wordAfter(words, "l=") ?? "atomic").split(":");
  return {
    name,
    type: parseType(type),
    omitEmpty: words.includes("?"),
    omitZero: words.includes("0"),
    pointer: words.includes("*"),
    patchStrategies: strategies === "" ? [] : strategies.split(","),
    mergeKey,
    listType: listType as FieldPlan["listType"],
    listKeys: listKeys === "" ? [] : listKeys.split(","),
    atomic: words.includes("m=atomic") || words.includes("s=atomic"),
  };
};

/** The plan of a type such as `core.Pod`. @throws Error for a type the schema does not have: a mistake in the program. */
export const typePlan = (name: string): TypePlan => structPlan(name);

/** `v1.Container`, `[]string`, `map[string]string`: as Go's messages name a type. */
export const goTypeName = (plan: TypePlan): string => {
  switch (plan.form) {
    case "list":
      return `[]${goTypeName(plan.element)}`;
    case "map":
      return `map[string]${goTypeName(plan.element)}`;
    case "struct":
      return plan.name.replace(/^[^.]*/u, plan.name.startsWith("certificatesV1beta1") ? "v1beta1" : "v1");
    case "scalar":
      return GO_SCALARS[plan.scalar];
  }
};

const GO_SCALARS: { readonly [S in Scalar]: string } = {
  string: "string",
  boolean: "bool",
  int32: "int32",
  int64: "int64",
  number: "float64",
  quantity: "resource.Quantity",
  "int-or-string": "intstr.IntOrString",
  timestamp: "v1.Time",
  microtime: "v1.MicroTime",
  duration: "v1.Duration",
  bytes: "[]uint8",
  unknown: "runtime.RawExtension",
};
