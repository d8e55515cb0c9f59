import { formatGo, goTypeOf, PatchError } from "./patch-error.ts";

type Fields = { readonly [field: string]: unknown };

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** Items in the wanted order; those it does not name stay where they stood among the others. */
const sortByOrder = <T>(
  items: readonly T[],
  keyOf: (item: T) => unknown,
  { order, original }: { readonly order: readonly unknown[]; readonly original: readonly T[] },
): readonly T[] => {
  const rank = new Map(order.map((key, index) => [key, index]));
  const ordered = items.filter((item) => rank.has(keyOf(item))).toSorted((a, b) => (rank.get(keyOf(a)) ?? 0) - (rank.get(keyOf(b)) ?? 0));
  const others = items.filter((item) => !rank.has(keyOf(item)));
  const place = new Map(original.map((item, index) => [keyOf(item), index]));
  const result: T[] = [];
  // Two queues: whichever head stood first in the original goes first; what is new waits for its turn in the order.
  while (ordered.length > 0 && others.length > 0) {
    const [next, other] = [ordered[0] as T, others[0] as T];
    const nextPlace = place.get(keyOf(next));
    const otherPlace = place.get(keyOf(other));
    const takesOther = nextPlace !== undefined && otherPlace !== undefined && otherPlace < nextPlace;
    result.push((takesOther ? others : ordered).shift() as T);
  }
  return [...result, ...ordered, ...others];
};

const readOrder = (order: unknown, keyOf: (entry: unknown) => unknown): readonly unknown[] | undefined => {
  if (order === undefined) return undefined;
  if (!Array.isArray(order)) throw new PatchError(`expected a []interface {}, but received a ${goTypeOf(order)}`, "unmergeable");
  return order.map(keyOf);
};

/** Lists of plain values: a union, less what is to be removed. */
export const mergePrimitiveList = (
  original: readonly unknown[],
  patch: readonly unknown[],
  { order, removed }: { readonly order: unknown; readonly removed: unknown },
): readonly unknown[] => {
  if (removed !== undefined && !Array.isArray(removed)) throw new PatchError("invalid patch format of primitive list", "malformed");
  const gone = new Set<unknown>(Array.isArray(removed) ? removed : []);
  const own = (item: unknown): unknown => item;
  const merged = sortByOrder([...new Set([...original.filter((item) => !gone.has(item)), ...patch])], own, { order: patch, original });
  const wanted = readOrder(order, own);
  return wanted === undefined ? merged : sortByOrder(merged, own, { order: wanted, original });
};

const keyIn = (item: unknown, mergeKey: string): unknown => {
  if (isFields(item) && item[mergeKey] !== undefined) return item[mergeKey];
  throw new PatchError(`map: ${formatGo(item)} does not contain declared merge key: ${mergeKey}`, "unmergeable");
};

/** What {@link mergeKeyedList} takes. */
export interface KeyedListOptions {
  readonly mergeKey: string;
  /** `$setElementOrder` of the patch. */
  readonly order: unknown;
  /** Merges one item with its patch. */
  readonly merge: (item: Fields, patch: Fields) => Fields;
}

/** Lists of objects that are told apart by a field; `$patch: delete` takes one out, `$patch: replace` replaces one, or all. */
export const mergeKeyedList = (original: readonly unknown[], patch: readonly unknown[], options: KeyedListOptions): readonly unknown[] => {
  const { mergeKey, order, merge } = options;
  const changes = patch.filter(isFields);
  const wanted = readOrder(order, (entry) => keyIn(entry, mergeKey));
  const replacesAll = changes.some((item) => item["$patch"] === "replace" && item[mergeKey] === undefined);
  let items = replacesAll ? [] : original.filter(isFields);
  for (const change of changes) {
    if (change["$patch"] === "replace" && change[mergeKey] === undefined) continue;
    const key = keyIn(change, mergeKey);
    if (change["$patch"] === "delete") {
      items = items.filter((item) => item[mergeKey] !== key);
      continue;
    }
    const at = items.findIndex((item) => item[mergeKey] === key);
    items = at < 0 ? [...items, merge({}, change)] : items.with(at, merge(items[at] ?? {}, change));
  }
  const keyOf = (item: Fields): unknown => item[mergeKey];
  const before = original.filter(isFields);
  const merged = sortByOrder(items, keyOf, { order: changes.map(keyOf), original: before });
  return wanted === undefined ? merged : sortByOrder(merged, keyOf, { order: wanted, original: before });
};
