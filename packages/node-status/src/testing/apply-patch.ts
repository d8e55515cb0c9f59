import type { Node } from "@nk/pod-model";
import type { NodePatch } from "../ports.ts";

type Fields = { readonly [name: string]: unknown };

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const typeOf = (item: unknown): unknown => (isFields(item) ? item["type"] : undefined);
const directiveOf = (item: unknown): unknown => (isFields(item) ? item["$patch"] : undefined);

/** The two lists of a node's status that the schema merges by `type`. */
const MERGED_LISTS: ReadonlySet<string> = new Set(["conditions", "addresses"]);

const mergeList = (list: readonly unknown[], patch: readonly unknown[], order: readonly unknown[]): readonly unknown[] => {
  if (patch.some((item) => directiveOf(item) === "replace")) return patch.filter((item) => directiveOf(item) === undefined);
  let merged = [...list];
  for (const item of patch) {
    const index = merged.findIndex((one) => typeOf(one) === typeOf(item));
    if (directiveOf(item) === "delete") merged = merged.filter((one) => typeOf(one) !== typeOf(item));
    else if (index < 0) merged.push(item);
    else merged[index] = mergeFields(merged[index] as Fields, item as Fields);
  }
  const position = (item: unknown): number => order.findIndex((one) => typeOf(one) === typeOf(item));
  return order.length === 0 ? merged : merged.toSorted((a, b) => position(a) - position(b));
};

const mergeFields = (fields: Fields, patch: Fields): Fields => {
  const merged: { [name: string]: unknown } = { ...fields };
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith("$")) continue;
    const before = merged[name];
    if (value === null) delete merged[name];
    else if (Array.isArray(value) && MERGED_LISTS.has(name)) {
      const order = patch[`$setElementOrder/${name}`];
      merged[name] = mergeList(Array.isArray(before) ? before : [], value, Array.isArray(order) ? order : []);
    } else if (isFields(value)) merged[name] = mergeFields(isFields(before) ? before : {}, value);
    else merged[name] = value;
  }
  return merged;
};

/** A strategic merge patch applied as the API server does it to a node; only what a node's status needs. */
export const applyNodePatch = (node: Node, patch: NodePatch): Node =>
  mergeFields(node as unknown as Fields, JSON.parse(JSON.stringify(patch)) as Fields) as unknown as Node;
