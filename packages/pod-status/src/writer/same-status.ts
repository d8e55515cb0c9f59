import { isDeepStrictEqual } from "node:util";
import { formatQuantity, isPodModelError, parseQuantity } from "@nk/pod-model";
import type { PodStatus } from "@nk/pod-model";
import { isSharedCondition, isKubeletCondition } from "../owned-conditions.ts";

type Json = { readonly [key: string]: unknown };

/** Maps from a resource's name to a quantity, whose spelling does not count: the API server writes `0.5` as `500m`. */
const QUANTITY_MAPS: ReadonlySet<string> = new Set(["allocatedResources", "requests", "limits"]);

const canonicalQuantity = (text: unknown): unknown => {
  if (typeof text !== "string") return text;
  try {
    return formatQuantity(parseQuantity(text));
  } catch (error) {
    if (isPodModelError(error)) return text;
    throw error;
  }
};

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);

/** Without what JSON of Go leaves out or writes as null: absent, null and empty values are one. */
const canonical = (value: unknown, key = ""): unknown => {
  if (Array.isArray(value)) return value.map((item) => canonical(item));
  if (typeof value !== "object" || value === null) return value;
  const isQuantities = QUANTITY_MAPS.has(key);
  const entries = Object.entries(value as Json).map(([name, item]): [string, unknown] => [
    name,
    isQuantities ? canonicalQuantity(item) : canonical(item, name),
  ]);
  return Object.fromEntries(entries.filter(([, item]) => !isEmpty(item)));
};

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/**
 * The part of a status that a kubelet answers for, in a form that is equal for equal statements. Conditions of others, what resource
 * claims were given, and the times and generations of conditions are left out: a difference there alone is no reason to write.
 * Follows isPodStatusByKubeletEqual and normalizeStatus of the reference (pkg/kubelet/status/status_manager.go).
 */
const kubeletsPart = (status: PodStatus): unknown => {
  const {
    conditions = [],
    resourceClaimStatuses: _claims,
    extendedResourceClaimStatus: _extended,
    nodeAllocatableResourceClaimStatuses: _nodeClaims,
    nominatedNodeName: _nominated,
    ...rest
  } = status;
  const owned = conditions
    .filter(({ type }) => isKubeletCondition(type) || isSharedCondition(type))
    .map(({ type, status: verdict, reason = "", message = "" }): [string, unknown] => [type, { verdict, reason, message }]);
  return {
    ...(canonical({
      ...rest,
      containerStatuses: rest.containerStatuses?.toSorted(byName),
      ephemeralContainerStatuses: rest.ephemeralContainerStatuses?.toSorted(byName),
    }) as Json),
    conditions: Object.fromEntries(owned.toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
};

/** Whether two statuses say the same in everything a kubelet answers for. */
export const isSameByKubelet = (a: PodStatus, b: PodStatus): boolean => isDeepStrictEqual(kubeletsPart(a), kubeletsPart(b));
