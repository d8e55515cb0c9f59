import type { FieldPlan, Scalar, TypePlan } from "../kinds/schema.ts";

type Json = { readonly [field: string]: unknown };

const GROUP_PATHS: { readonly [prefix: string]: string } = {
  meta: "io.k8s.apimachinery.pkg.apis.meta.v1",
  certificatesV1beta1: "io.k8s.api.certificates.v1beta1",
};

/** `io.k8s.api.core.v1.Pod` of `core.Pod`. */
export const schemaName = (type: string): string => {
  const [prefix = "", name = ""] = type.split(".");
  return `${GROUP_PATHS[prefix] ?? `io.k8s.api.${prefix}.v1`}.${name}`;
};

const SCALARS: { readonly [S in Scalar]: Json } = {
  string: { type: "string" },
  boolean: { type: "boolean" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  number: { type: "number", format: "double" },
  quantity: { oneOf: [{ type: "string" }, { type: "number" }] },
  "int-or-string": { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] },
  timestamp: { type: "string", format: "date-time" },
  microtime: { type: "string", format: "date-time" },
  duration: { type: "string" },
  bytes: { type: "string", format: "byte" },
  unknown: { type: "object" },
};

const schemaOf = (type: TypePlan, used: (type: TypePlan) => void): Json => {
  switch (type.form) {
    case "scalar":
      return SCALARS[type.scalar];
    case "struct":
      used(type);
      return { allOf: [{ $ref: `#/components/schemas/${schemaName(type.name)}` }], default: {} };
    case "list":
      return { type: "array", items: schemaOf(type.element, used) };
    case "map":
      return { type: "object", additionalProperties: schemaOf(type.element, used) };
  }
};

/** How clients merge the field themselves: `kubectl apply` computes its patches by these. */
const extensionsOf = (field: FieldPlan): Json => ({
  ...(field.patchStrategies.length === 0 ? {} : { "x-kubernetes-patch-strategy": field.patchStrategies.join(",") }),
  ...(field.mergeKey === "" ? {} : { "x-kubernetes-patch-merge-key": field.mergeKey }),
  ...(field.type.form === "list" ? { "x-kubernetes-list-type": field.listType } : {}),
  ...(field.listKeys.length === 0 ? {} : { "x-kubernetes-list-map-keys": field.listKeys }),
  ...(field.atomic ? { "x-kubernetes-map-type": "atomic" } : {}),
});

const describeStruct = (type: TypePlan & { readonly form: "struct" }, used: (type: TypePlan) => void): Json => {
  const fields = [...type.fields.values()];
  const required = fields.filter(({ omitEmpty, omitZero }) => !omitEmpty && !omitZero).map(({ name }) => name);
  return {
    type: "object",
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(fields.map((field) => [field.name, { ...schemaOf(field.type, used), ...extensionsOf(field) }])),
  };
};

/** The schemas of the types and of all they are made of, by name. */
export const collectSchemas = (types: readonly TypePlan[]): { readonly [name: string]: Json } => {
  const schemas = new Map<string, Json>();
  const waiting = [...types];
  for (let type = waiting.pop(); type !== undefined; type = waiting.pop()) {
    if (type.form !== "struct" || schemas.has(schemaName(type.name))) continue;
    schemas.set(
      schemaName(type.name),
      describeStruct(type, (inner) => void waiting.push(inner)),
    );
  }
  return Object.fromEntries([...schemas].toSorted(([a], [b]) => (a < b ? -1 : 1)));
};
