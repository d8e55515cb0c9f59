import { computePodRequests, parseQuantity, quantityMilliValue, quantityValue } from "@nk/pod-model";
import type { Pod, Quantity } from "@nk/pod-model";

/** A resource that the node has too little of. CPU in thousandths of a core, everything else in whole units. */
export interface Shortage {
  readonly resource: string;
  readonly requested: bigint;
  readonly used: bigint;
  readonly capacity: bigint;
}

/** Always looked at, in this order; the reference reports the first shortage. */
const PRIMARY = ["cpu", "memory", "ephemeral-storage"];

const amountOf = (resource: string, quantity: Quantity | undefined): bigint => {
  if (quantity === undefined) return 0n;
  return resource === "cpu" ? quantityMilliValue(quantity) : quantityValue(quantity);
};

/** Devices and the like: what the node does not know of is the cluster's business, not the kubelet's. */
const isCounted = (resource: string, allocatable: { readonly [resource: string]: string }): boolean =>
  PRIMARY.includes(resource) || resource.startsWith("hugepages-") || allocatable[resource] !== undefined;

/**
 * What of the node's allocatable is not left for the pod beside `others` (scheduler plugin noderesources, Fits).
 * @throws PodModelError `invalid-quantity`
 */
export const computeShortages = (
  pod: Pod,
  others: readonly Pod[],
  allocatable: { readonly [resource: string]: string },
): readonly Shortage[] => {
  const free = (resource: string): bigint => {
    const text = allocatable[resource];
    return text === undefined ? 0n : amountOf(resource, parseQuantity(text));
  };
  const shortages: Shortage[] = [];
  const used = BigInt(others.length);
  const pods = free("pods");
  if (used + 1n > pods) shortages.push({ resource: "pods", requested: 1n, used, capacity: pods });
  const wanted = computePodRequests(pod);
  const names = [
    ...PRIMARY,
    ...Object.keys(wanted)
      .filter((name) => !PRIMARY.includes(name))
      .toSorted(),
  ];
  const asked = names.filter((name) => isCounted(name, allocatable) && amountOf(name, wanted[name]) > 0n);
  if (asked.length === 0) return shortages;
  const held = others.map(computePodRequests);
  for (const resource of asked) {
    const requested = amountOf(resource, wanted[resource]);
    const taken = held.reduce((sum, amounts) => sum + amountOf(resource, amounts[resource]), 0n);
    const capacity = free(resource);
    if (requested > capacity - taken) shortages.push({ resource, requested, used: taken, capacity });
  }
  return shortages;
};
