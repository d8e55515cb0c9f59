import type { Pod, ResourceRequirements } from "./gen/core-v1.ts";
import { listContainers } from "./predicates.ts";
import { addQuantities, compareQuantities, parseQuantity } from "./quantity.ts";
import type { Quantity } from "./quantity.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

/** The resources that decide; ephemeral storage and extended resources do not. */
const COMPUTE_RESOURCES = ["cpu", "memory"] as const;
type ComputeTotals = Partial<Record<(typeof COMPUTE_RESOURCES)[number], Quantity>>;

const isPodLevelResource = (name: string): boolean => name === "cpu" || name === "memory" || name.startsWith("hugepages-");

/** Whether the pod states cpu, memory or huge pages for itself as a whole. */
export const hasPodLevelResources = (pod: Pod): boolean => {
  const resources = pod.spec?.resources;
  return Object.keys({ ...resources?.requests, ...resources?.limits }).some(isPodLevelResource);
};

/** Adds the positive amounts to the totals and returns how many there were. */
const addPositive = (totals: ComputeTotals, amounts: { readonly [name: string]: string } | undefined): number => {
  let count = 0;
  for (const name of COMPUTE_RESOURCES) {
    const text = amounts?.[name];
    if (text === undefined) continue;
    const amount = parseQuantity(text);
    if (amount.nanos <= 0n) continue;
    const total = totals[name];
    totals[name] = total === undefined ? amount : addQuantities(total, amount);
    count += 1;
  }
  return count;
};

/**
 * The QoS class from cpu and memory of all app and init containers, or of the pod as a whole where it states any (kubelet-facts 10;
 * ComputePodQOS in the reference). Throws `invalid-quantity` for a pod that was not validated.
 */
export const computeQosClass = (pod: Pod): QosClass => {
  const requests: ComputeTotals = {};
  const limits: ComputeTotals = {};
  const holders: readonly (ResourceRequirements | undefined)[] = hasPodLevelResources(pod)
    ? [pod.spec?.resources]
    : listContainers(pod).map((container) => container.resources);
  let everyHolderIsLimited = true;
  for (const resources of holders) {
    addPositive(requests, resources?.requests);
    if (addPositive(limits, resources?.limits) < COMPUTE_RESOURCES.length) everyHolderIsLimited = false;
  }
  if (Object.keys(requests).length === 0 && Object.keys(limits).length === 0) return "BestEffort";
  const areEqual = COMPUTE_RESOURCES.every((name) => {
    const [request, limit] = [requests[name], limits[name]];
    return request !== undefined && limit !== undefined && compareQuantities(request, limit) === 0;
  });
  return everyHolderIsLimited && areEqual ? "Guaranteed" : "Burstable";
};
