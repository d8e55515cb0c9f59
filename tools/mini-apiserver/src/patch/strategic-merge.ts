import type { FieldPlan, TypePlan } from "../kinds/schema.ts";
import { setField } from "./merge-patch.ts";
import { formatGo, PatchError } from "./patch-error.ts";
import { mergeKeyedList, mergePrimitiveList } from "./strategic-lists.ts";

/** Plain JSON fields. */
export type Fields = { readonly [field: string]: unknown };

/** Whether it is an object, not a list. */
export const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

const DIRECTIVE = "$patch";
const RETAIN_KEYS = "$retainKeys";
/** Directives about the list field that is named after the slash. */
export const DELETE_PREFIX = "$deleteFromPrimitiveList/";
/** The order the list shall have in the end. */
export const ORDER_PREFIX = "$setElementOrder/";

const MAX_DEPTH = 100;

const planOf = (type: TypePlan | undefined, name: string): FieldPlan | undefined =>
  type?.form === "struct" ? type.fields.get(name) : undefined;

/** The type of a map's or struct's field. */
const typeOfField = (type: TypePlan | undefined, name: string): TypePlan | undefined =>
  type?.form === "map" ? type.element : planOf(type, name)?.type;

const retainKeys = (original: Fields, patch: Fields): Fields => {
  const kept = patch[RETAIN_KEYS];
  if (kept === undefined) return original;
  if (!Array.isArray(kept)) throw new PatchError("invalid patch format of retainKeys", "malformed");
  for (const name of Object.keys(patch)) {
    if (name !== RETAIN_KEYS && !name.startsWith("$") && patch[name] !== null && !kept.includes(name)) {
      throw new PatchError("invalid patch format of retainKeys", "malformed");
    }
  }
  return Object.fromEntries(Object.entries(original).filter(([name]) => kept.includes(name)));
};

/** What a patch says once its directives are taken out of it; for where there is nothing to merge with. */
export const withoutDirectives = (patch: unknown): unknown => {
  if (Array.isArray(patch)) {
    return patch
      .filter(
        (item) => !(isFields(item) && (item[DIRECTIVE] === "delete" || (item[DIRECTIVE] === "replace" && Object.keys(item).length === 1))),
      )
      .map(withoutDirectives);
  }
  if (!isFields(patch)) return patch;
  const result: Fields = {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null || name === DIRECTIVE || name === RETAIN_KEYS || name.startsWith(DELETE_PREFIX) || name.startsWith(ORDER_PREFIX))
      continue;
    setField(result, name, withoutDirectives(value));
  }
  return result;
};

const mergeList = (
  original: readonly unknown[],
  patch: readonly unknown[],
  options: { readonly plan: FieldPlan; readonly depth: number; readonly order: unknown; readonly removed: unknown },
): readonly unknown[] => {
  const { plan, depth, order, removed } = options;
  const element = plan.type.form === "list" ? plan.type.element : undefined;
  if (plan.mergeKey === "") return mergePrimitiveList(original, patch, { order, removed });
  const merge = (item: Fields, change: Fields): Fields => mergeFields(item, change, { type: element, depth: depth + 1 });
  return mergeKeyedList(original, patch, { mergeKey: plan.mergeKey, order, merge });
};

interface MergeOptions {
  readonly type: TypePlan | undefined;
  readonly depth: number;
}

const mergeField = (
  current: unknown,
  name: string,
  { patch, type, depth }: { readonly patch: Fields; readonly type: TypePlan | undefined; readonly depth: number },
): unknown => {
  const value = patch[name];
  const plan = planOf(type, name);
  const order = patch[`${ORDER_PREFIX}${name}`];
  const removed = patch[`${DELETE_PREFIX}${name}`];
  if (
    plan !== undefined &&
    plan.type.form === "list" &&
    plan.patchStrategies.includes("merge") &&
    (Array.isArray(value) || value === undefined)
  ) {
    const list = Array.isArray(current) ? current : [];
    if (value === undefined && current === undefined) return undefined;
    return mergeList(list, Array.isArray(value) ? value : [], { plan, depth, order, removed });
  }
  if (value === undefined) return current;
  if (!isFields(value)) return withoutDirectives(value);
  if (plan?.patchStrategies.includes("replace") === true) return withoutDirectives(value);
  return mergeFields(isFields(current) ? current : {}, value, { type: typeOfField(type, name), depth: depth + 1 });
};

const mergeFields = (original: Fields, patch: Fields, { type, depth }: MergeOptions): Fields => {
  if (depth > MAX_DEPTH) throw new PatchError("the patch is nested too deeply", "malformed");
  const directive = patch[DIRECTIVE];
  if (directive === "replace") return withoutDirectives(patch) as Fields;
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge") {
    throw new PatchError(`unknown patch type: ${formatGo(directive)} in map: ${formatGo(patch)}`, "unmergeable");
  }
  const kept = retainKeys(original, patch);
  const result: Fields = { ...kept };
  const names = new Set(Object.keys(patch).map((name) => name.replace(DELETE_PREFIX, "").replace(ORDER_PREFIX, "")));
  names.delete(DIRECTIVE);
  names.delete(RETAIN_KEYS);
  for (const name of names) {
    if (patch[name] === null) {
      Reflect.deleteProperty(result, name);
      continue;
    }
    const current = Object.hasOwn(result, name) ? result[name] : undefined;
    const merged = mergeField(current, name, { patch, type, depth });
    if (merged !== undefined) setField(result, name, merged);
  }
  return result;
};

/**
 * A strategic merge patch (apimachinery, pkg/util/strategicpatch): lists merge by the key their type declares, directives `$patch`,
 * `$retainKeys`, `$setElementOrder/...` and `$deleteFromPrimitiveList/...` are obeyed. Returns a new object.
 * @throws PatchError
 */
export const applyStrategicMergePatch = (original: Fields, patch: Fields, type: TypePlan): Fields =>
  mergeFields(original, patch, { type, depth: 0 });
