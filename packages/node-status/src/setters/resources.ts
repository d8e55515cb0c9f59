import { addQuantities, formatQuantity, parseQuantity, quantityOf, quantityOfMilli, subtractQuantities } from "@nk/pod-model";
import type { Quantity, ResourceAmounts } from "@nk/pod-model";
import type { MachineFacts } from "../facts.ts";
import type { ResolvedSettings } from "../settings.ts";
import { computeEvictionReservation } from "../thresholds.ts";

type Amounts = { [name: string]: Quantity };

const HUGEPAGES_PREFIX = "hugepages-";
const ZERO: Quantity = quantityOf(0n);

/** Whether the resource is neither the node's own nor in the kubernetes.io namespace: device plugins and operators own such names. */
export const isExtendedResource = (name: string): boolean =>
  name.includes("/") && !name.includes("kubernetes.io/") && !name.startsWith("requests.");

export const isHugePageResource = (name: string): boolean => name.startsWith(HUGEPAGES_PREFIX);

/** A negative amount makes no sense; zero keeps the spelling of its kind. */
const subtractToZero = (a: Quantity, b: Quantity): Quantity => {
  const left = subtractQuantities(a, b);
  return left.nanos < 0n ? { nanos: 0n, format: a.format } : left;
};

/** Reads a resource list the API has; a text that is no quantity is left out, since it is not ours. */
export const readResources = (resources: { readonly [name: string]: string } | undefined): ResourceAmounts => {
  const amounts: Amounts = {};
  for (const [name, text] of Object.entries(resources ?? {})) {
    try {
      amounts[name] = parseQuantity(text);
    } catch {
      continue;
    }
  }
  return amounts;
};

/** cpu, memory and huge pages of the machine. */
export const machineCapacity = ({ cpus, memoryBytes, hugePages }: MachineFacts): ResourceAmounts => ({
  cpu: quantityOfMilli(BigInt(cpus) * 1000n),
  memory: quantityOf(memoryBytes, "BinarySI"),
  ...Object.fromEntries(
    hugePages.map(({ sizeBytes, pages }) => [
      `${HUGEPAGES_PREFIX}${formatQuantity(quantityOf(sizeBytes, "BinarySI"))}`,
      quantityOf(sizeBytes * pages, "BinarySI"),
    ]),
  ),
});

/** What the machine has that reservations are taken from: with its disk, if that is isolated. */
export const reservableCapacity = (machine: MachineFacts, { localStorage }: ResolvedSettings): ResourceAmounts => ({
  ...machineCapacity(machine),
  ...(localStorage ? { "ephemeral-storage": quantityOf(machine.diskBytes, "BinarySI") } : {}),
});

/** kube-reserved, system-reserved and the hard eviction thresholds together, for the resources the machine has. */
export const computeReservation = (machine: MachineFacts, settings: ResolvedSettings): ResourceAmounts => {
  const capacity = reservableCapacity(machine, settings);
  const eviction = computeEvictionReservation(settings.evictionHard, capacity);
  const sum = (name: string): Quantity =>
    [settings.systemReserved, settings.kubeReserved, eviction].reduce<Quantity>(
      (total, part) => addQuantities(total, part[name] ?? ZERO),
      ZERO,
    );
  return Object.fromEntries(Object.keys(capacity).map((name) => [name, sum(name)]));
};

/** Capacity less the reservation; memory also less every huge page. Never negative. */
export const computeAllocatable = (capacity: ResourceAmounts, reservation: ResourceAmounts, previous: ResourceAmounts): ResourceAmounts => {
  const allocatable: Amounts = {};
  // What is in no capacity is kept, unless its plugin has gone.
  for (const [name, amount] of Object.entries(previous)) {
    if (name in capacity || !isExtendedResource(name)) allocatable[name] = amount;
  }
  for (const [name, amount] of Object.entries(capacity)) {
    const reserved = reservation[name];
    allocatable[name] = reserved === undefined ? amount : subtractToZero(amount, reserved);
  }
  for (const [name, amount] of Object.entries(capacity)) {
    const { memory } = allocatable;
    if (isHugePageResource(name) && memory !== undefined) allocatable["memory"] = subtractToZero(memory, amount);
  }
  return allocatable;
};
