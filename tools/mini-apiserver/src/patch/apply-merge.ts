import type { FieldPlan, TypePlan } from "../kinds/schema.ts";
import { itemKeyOf } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { setField } from "./merge-patch.ts";
import type { Fields } from "./strategic-merge.ts";
import { isFields } from "./strategic-merge.ts";

const fieldOf = (type: TypePlan, name: string): FieldPlan | undefined => (type.form === "struct" ? type.fields.get(name) : undefined);
const innerOf = (type: TypePlan, name: string): TypePlan | undefined => (type.form === "map" ? type.element : fieldOf(type, name)?.type);

const mergeList = (current: readonly unknown[], applied: readonly unknown[], field: FieldPlan): readonly unknown[] => {
  if (field.listType === "set") return [...new Set([...current, ...applied])];
  const element = field.type.form === "list" ? field.type.element : undefined;
  if (field.listType !== "map" || element === undefined) return applied;
  const items = new Map(current.map((item) => [itemKeyOf(item, field), item]));
  for (const item of applied) {
    const key = itemKeyOf(item, field);
    items.set(key, mergeApplied(items.get(key) ?? {}, item, element));
  }
  return [...items.values()];
};

const mergeField = (
  current: unknown,
  applied: unknown,
  { field, type }: { readonly field: FieldPlan | undefined; readonly type: TypePlan | undefined },
): unknown => {
  if (Array.isArray(applied)) return field === undefined ? applied : mergeList(Array.isArray(current) ? current : [], applied, field);
  if (!isFields(applied) || type === undefined || field?.atomic === true) return applied;
  return mergeApplied(current, applied, type);
};

/** The value with all that the configuration says. */
export const mergeApplied = (current: unknown, applied: unknown, type: TypePlan): unknown => {
  if (!isFields(applied)) return applied;
  const result: Fields = isFields(current) ? { ...current } : {};
  for (const [name, value] of Object.entries(applied)) {
    if (value === null) continue;
    const own = Object.hasOwn(result, name) ? result[name] : undefined;
    setField(result, name, mergeField(own, value, { field: fieldOf(type, name), type: innerOf(type, name) }));
  }
  return result;
};

const removeFromList = (list: readonly unknown[], gone: FieldSet, field: FieldPlan): readonly unknown[] => {
  const element = field.type.form === "list" ? field.type.element : undefined;
  return list.flatMap((item) => {
    const key = field.listType === "set" ? `v:${JSON.stringify(item)}` : itemKeyOf(item, field);
    const inner = gone[key];
    // With its dot the whole item goes; without, only some of its fields.
    if (inner === undefined) return [item];
    if (inner["."] !== undefined || field.listType === "set" || element === undefined) return [];
    return [removePaths(item, inner, element)];
  });
};

/** The value without the fields in the set. */
export const removePaths = (value: unknown, gone: FieldSet, type: TypePlan): unknown => {
  if (!isFields(value)) return value;
  const result: Fields = { ...value };
  for (const [element, inner] of Object.entries(gone)) {
    const name = element.slice("f:".length);
    if (!element.startsWith("f:") || !Object.hasOwn(result, name)) continue;
    const own = result[name];
    const field = fieldOf(type, name);
    const innerType = innerOf(type, name);
    if (Object.keys(inner).length === 0) Reflect.deleteProperty(result, name);
    else if (Array.isArray(own) && field !== undefined) setField(result, name, removeFromList(own, inner, field));
    else if (innerType !== undefined) setField(result, name, removePaths(own, inner, innerType));
  }
  return result;
};
