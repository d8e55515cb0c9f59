import type { FieldPlan, TypePlan } from "../kinds/schema.ts";
import type { Fields } from "./strategic-merge.ts";
import { isFields } from "./strategic-merge.ts";

/** Fields by path in the form of FieldsV1: `f:name`, `k:{"name":"c"}`, `v:"x"`, and `.` for the item itself. */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** The key of an item in a list of maps: its declared keys as JSON. */
export const itemKeyOf = (item: unknown, { listKeys }: FieldPlan): string =>
  `k:${JSON.stringify(Object.fromEntries(listKeys.map((key) => [key, isFields(item) ? (item[key] ?? DEFAULTED[key] ?? null) : null])))}`;

/** Keys that have a default, so that a configuration need not say them. */
const DEFAULTED: Fields = { protocol: "TCP" };

const listSetOf = (value: readonly unknown[], field: FieldPlan): FieldSet => {
  const element = field.type.form === "list" ? field.type.element : undefined;
  if (field.listType === "set") return Object.fromEntries(value.map((item) => [`v:${JSON.stringify(item)}`, {}]));
  if (field.listType === "map" && element !== undefined) {
    return Object.fromEntries(value.map((item) => [itemKeyOf(item, field), { ".": {}, ...fieldSetOf(item, element) }]));
  }
  return {};
};

const setOfField = (value: unknown, field: FieldPlan): FieldSet => {
  if (Array.isArray(value)) return listSetOf(value, field);
  return field.atomic || !isFields(value) ? {} : fieldSetOf(value, field.type);
};

/** All fields that the value sets. */
export const fieldSetOf = (value: unknown, type: TypePlan): FieldSet => {
  if (!isFields(value)) return {};
  const result: { [element: string]: FieldSet } = {};
  for (const [name, item] of Object.entries(value)) {
    if (item === null) continue;
    if (type.form === "map") result[`f:${name}`] = fieldSetOf(item, type.element);
    else if (type.form === "struct") {
      const field = type.fields.get(name);
      if (field !== undefined) result[`f:${name}`] = setOfField(item, field);
    }
  }
  return result;
};

/** What is in the first set and not in the second. */
export const subtractSets = (set: FieldSet, other: FieldSet): FieldSet => {
  const result: { [element: string]: FieldSet } = {};
  for (const [element, inner] of Object.entries(set)) {
    const same = other[element];
    if (same === undefined) result[element] = inner;
    else {
      const left = subtractSets(inner, same);
      if (Object.keys(left).length > 0) result[element] = left;
    }
  }
  return result;
};
