import type { PodStatus } from "@nk/pod-model";
import type { PodStatusPatch } from "../writer/status-patch.ts";

type Json = { readonly [key: string]: unknown };

/** The API server's knowledge of the types, kept apart from the writer's so that a mistake in one shows. */
const KEYS: ReadonlyMap<string, string> = new Map([
  ["conditions", "type"],
  ["podIPs", "ip"],
  ["hostIPs", "ip"],
  ["resourceClaimStatuses", "name"],
]);

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

const mergeObject = (known: Json, patch: Json): Json => {
  const merged: { [key: string]: unknown } = { ...known };
  for (const [key, value] of Object.entries(patch)) {
    const before = merged[key];
    if (value === null) delete merged[key];
    else merged[key] = isObject(value) ? mergeObject(isObject(before) ? before : {}, value) : value;
  }
  return merged;
};

const mergeList = (known: readonly Json[], patch: readonly Json[], key: string): readonly Json[] => {
  const items = new Map(known.map((item) => [item[key], item]));
  for (const item of patch) {
    if (item["$patch"] === "delete") items.delete(item[key]);
    else items.set(item[key], mergeObject(items.get(item[key]) ?? {}, item));
  }
  return [...items.values()];
};

/** Elements that the order does not name keep their places behind those that it does. */
const order = (items: readonly Json[], wanted: readonly Json[], key: string): readonly Json[] => {
  const place = new Map(wanted.map((item, index) => [item[key], index]));
  return items.toSorted((a, b) => (place.get(a[key]) ?? wanted.length) - (place.get(b[key]) ?? wanted.length));
};

/** What the API server makes of a status and a strategic merge patch of it. */
export const applyStatusPatch = (status: PodStatus, patch: PodStatusPatch): PodStatus => {
  const known: Json = { ...status };
  const merged: { [key: string]: unknown } = {
    ...mergeObject(known, Object.fromEntries(Object.entries(patch.status).filter(([field]) => !KEYS.has(field) && !field.startsWith("$")))),
  };
  for (const [field, key] of KEYS) {
    const change = patch.status[field];
    if (change === null) delete merged[field];
    if (!Array.isArray(change) && patch.status[`$setElementOrder/${field}`] === undefined) continue;
    const before = (known[field] ?? []) as readonly Json[];
    const items = Array.isArray(change) ? mergeList(before, change as readonly Json[], key) : before;
    const wanted = patch.status[`$setElementOrder/${field}`] as readonly Json[] | undefined;
    merged[field] = wanted === undefined ? items : order(items, wanted, key);
  }
  return merged;
};
