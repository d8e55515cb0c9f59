import { ApiStatusError } from "./api-error.ts";

type Json = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/** RFC 7386. */
const mergePatch = (target: unknown, patch: unknown): unknown => {
  if (!isMap(patch)) return patch;
  const result: Record<string, unknown> = { ...(isMap(target) ? target : {}) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
};

/** Merge keys of the lists that an agent patches; other lists are replaced (core/v1 types.go, `patchMergeKey`). */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  conditions: "type",
  addresses: "type",
  containers: "name",
  initContainers: "name",
  ephemeralContainers: "name",
  volumes: "name",
  env: "name",
  ownerReferences: "uid",
  podIPs: "ip",
  hostIPs: "ip",
  resourceClaimStatuses: "name",
  imagePullSecrets: "name",
  taints: "key",
  volumesAttached: "name",
};

const mergeList = (target: unknown, patch: readonly unknown[], key: string): unknown => {
  const items = Array.isArray(target) ? [...(target as readonly unknown[])] : [];
  for (const change of patch) {
    if (!isMap(change)) continue;
    const index = items.findIndex((item) => isMap(item) && item[key] === change[key]);
    if (change["$patch"] === "delete") {
      if (index !== -1) items.splice(index, 1);
    } else if (index === -1) items.push(change);
    else items[index] = strategicPatch(items[index], change);
  }
  return items;
};

/** The strategic merge of the lists above; `$patch: delete | replace` and `$setElementOrder` (ignored) are known. */
const strategicPatch = (target: unknown, patch: unknown): unknown => {
  if (!isMap(patch)) return patch;
  if (patch["$patch"] === "replace") {
    const { $patch: _directive, ...rest } = patch;
    return rest;
  }
  const result: Record<string, unknown> = { ...(isMap(target) ? target : {}) };
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith("$")) continue;
    const mergeKey = MERGE_KEYS[key];
    if (value === null) delete result[key];
    else if (Array.isArray(value) && mergeKey !== undefined) result[key] = mergeList(result[key], value, mergeKey);
    else result[key] = strategicPatch(result[key], value);
  }
  return result;
};

interface JsonOperation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

const applyOperation = (target: unknown, operation: JsonOperation): unknown => {
  const steps = operation.path
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = steps.pop();
  if (last === undefined) return operation.value;
  let parent: unknown = target;
  for (const step of steps) parent = isMap(parent) ? parent[step] : Array.isArray(parent) ? (parent as unknown[])[Number(step)] : undefined;
  if (typeof parent !== "object" || parent === null) {
    throw new ApiStatusError(422, "Invalid", { message: `the path ${operation.path} does not exist` });
  }
  const list = Array.isArray(parent) ? (parent as unknown[]) : undefined;
  const map = parent as Record<string, unknown>;
  const current = list === undefined ? map[last] : list[Number(last)];
  if (operation.op === "test") {
    if (JSON.stringify(current) !== JSON.stringify(operation.value))
      throw new ApiStatusError(422, "Invalid", { message: `test of ${operation.path} failed` });
  } else if (operation.op === "remove") {
    if (list === undefined) delete map[last];
    else list.splice(Number(last), 1);
  } else if (operation.op === "add" && list !== undefined) list.splice(last === "-" ? list.length : Number(last), 0, operation.value);
  else if (list === undefined) map[last] = operation.value;
  else list[Number(last)] = operation.value;
  return target;
};

/** An object after a patch of the given content type. */
export const applyPatch = (target: unknown, patch: unknown, contentType: string): unknown => {
  switch (contentType) {
    case "application/merge-patch+json":
      return mergePatch(target, patch);
    case "application/strategic-merge-patch+json":
    case "application/apply-patch+yaml":
      return strategicPatch(target, patch);
    case "application/json-patch+json":
      return (patch as readonly JsonOperation[]).reduce(applyOperation, structuredClone(target));
    default:
      throw new ApiStatusError(415, "UnsupportedMediaType", {
        message: `the body of the request was in an unknown format: ${contentType}`,
      });
  }
};
