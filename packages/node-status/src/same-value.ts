import { compareQuantities, parseQuantity } from "@nk/pod-model";
import type { Node, NodeCondition } from "@nk/pod-model";

const isEmpty = (value: unknown): boolean => {
  if (value === undefined || value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value).length === 0;
};

/**
 * Whether two API values mean the same: an absent one, `null`, an empty text, list or map are equal, since the server drops or fills them as
 * it likes (Semantic.DeepEqual of the reference).
 */
export const isSameValue = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (isEmpty(a) || isEmpty(b)) return isEmpty(a) && isEmpty(b);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, index) => isSameValue(one, b[index]));
  const left = a as { readonly [key: string]: unknown };
  const right = b as { readonly [key: string]: unknown };
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => isSameValue(left[key], right[key]));
};

const isSameQuantity = (a: string | undefined, b: string | undefined): boolean => {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  try {
    return compareQuantities(parseQuantity(a), parseQuantity(b)) === 0;
  } catch {
    return false;
  }
};

type Texts = { readonly [name: string]: string };

/** Whether two resource lists hold the same amounts, however they are spelt. */
export const isSameResources = (a: Texts = {}, b: Texts = {}): boolean =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].every((name) => isSameQuantity(a[name], b[name]));

const comparableConditions = (conditions: readonly NodeCondition[] = []): readonly NodeCondition[] =>
  conditions
    .map((condition) => ({ ...condition, lastHeartbeatTime: "" }))
    .toSorted(({ type: a }, { type: b }) => (a === b ? 0 : a < b ? -1 : 1));

/** Whether there is nothing to report: times of heartbeats and the order of conditions do not count; labels and annotations do. */
export const isSameNode = (before: Node, after: Node): boolean => {
  const { conditions: oldConditions, capacity: oldCapacity, allocatable: oldAllocatable, ...oldRest } = before.status ?? {};
  const { conditions, capacity, allocatable, ...rest } = after.status ?? {};
  return (
    isSameValue(comparableConditions(oldConditions), comparableConditions(conditions)) &&
    isSameResources(oldCapacity, capacity) &&
    isSameResources(oldAllocatable, allocatable) &&
    isSameValue(oldRest, rest) &&
    isSameValue(before.metadata?.labels, after.metadata?.labels) &&
    isSameValue(before.metadata?.annotations, after.metadata?.annotations)
  );
};
