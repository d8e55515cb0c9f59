import { formatQuantity, isPodModelError, parseQuantity } from "@nk/pod-model";
import type { ContainerStatus, PodCondition, PodStatus } from "@nk/pod-model";
import { isSharedCondition, isKubeletCondition } from "../owned-conditions.ts";

type Json = { readonly [key: string]: unknown };

/** Maps from a resource's name to a quantity, whose spelling does not count: the API server writes `0.5` as `500m`. */
const QUANTITY_MAPS: ReadonlySet<string> = new Set(["allocatedResources", "requests", "limits"]);

const canonicalQuantity = (text: string): string => {
  try {
    return formatQuantity(parseQuantity(text));
  } catch (error) {
    if (isPodModelError(error)) return text;
    throw error;
  }
};

const isSameQuantity = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === "string" && typeof b === "string" && canonicalQuantity(a) === canonicalQuantity(b));

/** What JSON of Go leaves out or writes as null: absent, null and empty values are one. */
const isEmpty = (value: unknown): boolean => {
  if (value === undefined || value === null) return true;
  if (typeof value !== "object") return false;
  return Array.isArray(value) ? value.length === 0 : Object.values(value).every(isEmpty);
};

const isSameObject = (a: Json, b: Json, areQuantities: boolean): boolean => {
  for (const name of Object.keys(a)) {
    if (areQuantities ? !isSameQuantity(a[name], b[name]) : !isSame(a[name], b[name], name)) return false;
  }
  // What both have was compared.
  return Object.keys(b).every((name) => name in a || isEmpty(b[name]));
};

const isSame = (a: unknown, b: unknown, key = ""): boolean => {
  if (a === b) return true;
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return isEmpty(a) && isEmpty(b);
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b)) return isEmpty(a) && isEmpty(b);
    return a.length === b.length && a.every((item, index) => isSame(item, b[index]));
  }
  return isSameObject(a as Json, b as Json, QUANTITY_MAPS.has(key));
};

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

const sorted = (list: readonly ContainerStatus[] | undefined): readonly ContainerStatus[] | undefined =>
  list === undefined || list.length < 2 ? list : list.toSorted(byName);

/**
 * The part of a status that a kubelet answers for. Conditions of others, what resource claims were given, and the times and generations
 * of conditions are left out: a difference there alone is no reason to write. Follows isPodStatusByKubeletEqual and normalizeStatus of
 * the reference (pkg/kubelet/status/status_manager.go).
 */
const kubeletsPart = (status: PodStatus): Json => {
  const {
    conditions: _conditions,
    resourceClaimStatuses: _claims,
    extendedResourceClaimStatus: _extended,
    nodeAllocatableResourceClaimStatuses: _nodeClaims,
    nominatedNodeName: _nominated,
    ...rest
  } = status;
  return {
    ...rest,
    containerStatuses: sorted(rest.containerStatuses),
    ephemeralContainerStatuses: sorted(rest.ephemeralContainerStatuses),
  };
};

const ownConditions = ({ conditions = [] }: PodStatus): ReadonlyMap<string, PodCondition> =>
  new Map(conditions.filter(({ type }) => isKubeletCondition(type) || isSharedCondition(type)).map((one) => [one.type, one]));

const areSameConditions = (a: PodStatus, b: PodStatus): boolean => {
  const [ours, theirs] = [ownConditions(a), ownConditions(b)];
  if (ours.size !== theirs.size) return false;
  return [...ours.values()].every(({ type, status, reason = "", message = "" }) => {
    const other = theirs.get(type);
    return other !== undefined && other.status === status && (other.reason ?? "") === reason && (other.message ?? "") === message;
  });
};

/** Whether two statuses say the same in everything a kubelet answers for. */
export const isSameByKubelet = (a: PodStatus, b: PodStatus): boolean =>
  a === b || (areSameConditions(a, b) && isSameObject(kubeletsPart(a), kubeletsPart(b), false));
