import { PatchError } from "./json-patch.ts";

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
  if (!Array.isArray(order)) throw new PatchError("$setElementOrder is not a list", { isMalformed: true });
  return order.map(keyOf);
};

/** Lists of plain values: a union, less what is to be removed. */
export const mergePrimitiveList = (
  original: readonly unknown[],
  patch: readonly unknown[],
  { order, removed }: { readonly order: unknown; readonly removed: unknown },
): readonly unknown[] => {
  if (removed !== undefined && !Array.isArray(removed))
    throw new PatchError("$deleteFromPrimitiveList is not a list", { isMalformed: true });
  const gone = new Set<unknown>(Array.isArray(removed) ? removed : []);
  const merged = [...new Set([...original.filter((item) => !gone.has(item)), ...patch])];
  const wanted = readOrder(order, (entry) => entry);
  return wanted === undefined ? merged : sortByOrder(merged, (item) => item, { order: wanted, original });
};

const keyIn = (item: unknown, mergeKey: string, what: string): unknown => {
  if (!isFields(item) || item[mergeKey] === undefined) {
    throw new PatchError(`map: ${JSON.stringify(item)?.slice(0, 200)} does not contain declared merge key: ${mergeKey}${what}`, {
      isMalformed: false,
    });
  }
  return item[mergeKey];
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
  const wanted = readOrder(order, (entry) => keyIn(entry, mergeKey, " in $setElementOrder"));
  const replacesAll = changes.some((item) => item["$patch"] === "replace" && item[mergeKey] === undefined);
  let items = replacesAll ? [] : original.filter(isFields);
  for (const change of changes) {
    if (change["$patch"] === "replace" && change[mergeKey] === undefined) continue;
    const key = keyIn(change, mergeKey, "");
    if (change["$patch"] === "delete") {
      items = items.filter((item) => item[mergeKey] !== key);
      continue;
    }
    const at = items.findIndex((item) => item[mergeKey] === key);
    items = at < 0 ? [...items, merge({}, change)] : items.with(at, merge(items[at] ?? {}, change));
  }
  return wanted === undefined
    ? items
    : sortByOrder(items, (item) => item[mergeKey], { order: wanted, original: original.filter(isFields) });
};
