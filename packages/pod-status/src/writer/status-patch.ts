import type { PodStatus, PodUid } from "@nk/pod-model";

/**
 * A strategic merge patch of the status subresource of a pod. The UID is a precondition: the API server refuses a patch that names another
 * one, so that a pod which took the name of an older one is never written to.
 */
export interface PodStatusPatch {
  readonly metadata: { readonly uid: PodUid };
  readonly status: { readonly [field: string]: unknown };
}

type Json = { readonly [key: string]: unknown };

/** The lists that the API server merges by a key; all others it replaces. From `patchMergeKey` of PodStatus, k8s.io/api/core/v1/types.go. */
const MERGE_KEYS: { readonly [field: string]: string } = {
  conditions: "type",
  hostIPs: "ip",
  podIPs: "ip",
  resourceClaimStatuses: "name",
};

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
const isAbsent = (value: unknown): boolean => value === undefined || value === null;

/** Whether two JSON values say the same; a null counts as absent, as Go writes a zero time. */
const isSameJson = (a: unknown, b: unknown): boolean => {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => isSameJson(item, b[index]));
  if (!isObject(a) || !isObject(b)) return a === b || (isAbsent(a) && isAbsent(b));
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => isSameJson(a[key], b[key]));
};

const diffObject = (before: Json, after: Json): { [key: string]: unknown } => {
  const patch: { [key: string]: unknown } = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const from = before[key];
    const to = after[key];
    if (isAbsent(to)) {
      if (!isAbsent(from)) patch[key] = null;
      continue;
    }
    if (isObject(from) && isObject(to)) {
      const inner = diffObject(from, to);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (!isSameJson(from, to)) patch[key] = to;
  }
  return patch;
};

const isObjectList = (value: unknown): value is readonly Json[] => Array.isArray(value) && value.every(isObject);

/** One list that is merged by a key: changed elements with their key, deletions after them, and the order of the whole. */
const diffKeyedList = (
  { field, mergeKey }: { readonly field: string; readonly mergeKey: string },
  before: readonly Json[],
  after: readonly Json[],
): Json => {
  if (before.length === 0) return after.length === 0 ? {} : { [field]: after };
  const known = new Map(before.map((item) => [item[mergeKey], item]));
  const wanted = new Set(after.map((item) => item[mergeKey]));
  const changed = after.flatMap((item) => {
    const old = known.get(item[mergeKey]);
    const patch = old === undefined ? item : diffObject(old, item);
    return Object.keys(patch).length === 0 ? [] : [{ ...patch, [mergeKey]: item[mergeKey] }];
  });
  const removed = before.filter((item) => !wanted.has(item[mergeKey])).map((item) => ({ $patch: "delete", [mergeKey]: item[mergeKey] }));
  const kept = before.filter((item) => wanted.has(item[mergeKey])).map((item) => item[mergeKey]);
  const hasMoved = kept.some((key, index) => key !== after.filter((item) => known.has(item[mergeKey]))[index]?.[mergeKey]);
  if (changed.length + removed.length === 0 && !hasMoved) return {};
  return {
    ...(changed.length + removed.length === 0 ? {} : { [field]: [...changed, ...removed] }),
    [`$setElementOrder/${field}`]: after.map((item) => ({ [mergeKey]: item[mergeKey] })),
  };
};

/**
 * What turns `before` into `after`, as the reference's patch does (CreateTwoWayMergePatch): only fields that differ, null for those that
 * went away. Undefined when nothing differs. `before` may be older than what the API server has, as long as its fields that others
 * write are also in `after`: such fields are then not in the patch.
 */
export const createStatusPatch = (uid: PodUid, before: PodStatus, after: PodStatus): PodStatusPatch | undefined => {
  const from: Json = { ...before };
  const to: Json = { ...after };
  const status: { [field: string]: unknown } = {};
  const plain: [Json, Json] = [from, to].map((one) =>
    Object.fromEntries(Object.entries(one).filter(([field]) => MERGE_KEYS[field] === undefined)),
  ) as [Json, Json];
  Object.assign(status, diffObject(...plain));
  for (const [field, mergeKey] of Object.entries(MERGE_KEYS)) {
    const [old, next] = [from[field] ?? [], to[field] ?? []];
    if (isObjectList(old) && isObjectList(next)) Object.assign(status, diffKeyedList({ field, mergeKey }, old, next));
  }
  return Object.keys(status).length === 0 ? undefined : { metadata: { uid }, status };
};
