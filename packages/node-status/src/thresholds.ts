import { compareQuantities, parseQuantity, quantityOf, quantityValue } from "@nk/pod-model";
import type { Quantity, ResourceAmounts } from "@nk/pod-model";
import { NodeStatusError } from "./errors.ts";

/** The signals an eviction threshold may name. */
const SIGNALS: ReadonlySet<string> = new Set([
  "memory.available",
  "allocatableMemory.available",
  "nodefs.available",
  "nodefs.inodesFree",
  "imagefs.available",
  "imagefs.inodesFree",
  "containerfs.available",
  "containerfs.inodesFree",
  "pid.available",
]);

/** Which resource a signal keeps free; the others reserve nothing that is allocatable. */
const RESERVES: { readonly [signal: string]: string } = { "memory.available": "memory", "nodefs.available": "ephemeral-storage" };

/** What stays free on the node: an amount, or a share of the capacity. */
export type ThresholdValue = { readonly quantity: Quantity } | { readonly share: number };

const ZERO: Quantity = quantityOf(0n);

const invalid = (signal: string, text: string, why: string): NodeStatusError =>
  new NodeStatusError("invalid-option", `read the hard eviction threshold ${signal}=${JSON.stringify(text)}: ${why}`);

const parseValue = (signal: string, text: string): ThresholdValue | undefined => {
  if (text.endsWith("%")) {
    if (text === "0%" || text === "100%") return undefined;
    const number = text.slice(0, -1).trim() === "" ? Number.NaN : Number(text.slice(0, -1));
    if (!Number.isFinite(number)) throw invalid(signal, text, "not a percentage");
    // The reference keeps shares as 32-bit floats, and what they leave is seen in the node's allocatable.
    const share = Math.fround(Math.fround(number) / 100);
    if (share < 0 || share > 1) throw invalid(signal, text, "not between 0% and 100%");
    return { share };
  }
  let quantity: Quantity;
  try {
    quantity = parseQuantity(text);
  } catch (error) {
    throw new NodeStatusError("invalid-option", `read the hard eviction threshold ${signal}`, { cause: error });
  }
  if (compareQuantities(quantity, ZERO) <= 0) throw invalid(signal, text, "must be positive");
  return { quantity };
};

/**
 * The hard eviction thresholds that reserve an allocatable resource, by resource name. All are validated. `0%` and `100%` mean no threshold
 * (pkg/kubelet/eviction/helpers.go). Throws `invalid-option`.
 */
export const parseHardEviction = (evictionHard: { readonly [signal: string]: string }): ReadonlyMap<string, ThresholdValue> => {
  const reserved = new Map<string, ThresholdValue>();
  for (const [signal, text] of Object.entries(evictionHard)) {
    if (!SIGNALS.has(signal)) throw invalid(signal, text, "no such signal");
    const value = parseValue(signal, text);
    const resource = RESERVES[signal];
    if (value !== undefined && resource !== undefined) reserved.set(resource, value);
  }
  return reserved;
};

/** What the thresholds keep free of this capacity. A share is cut to whole bytes. */
export const computeEvictionReservation = (thresholds: ReadonlyMap<string, ThresholdValue>, capacity: ResourceAmounts): ResourceAmounts =>
  Object.fromEntries(
    [...thresholds].map(([name, value]) => {
      if ("quantity" in value) return [name, value.quantity];
      const total = Number(quantityValue(capacity[name] ?? ZERO));
      return [name, quantityOf(BigInt(Math.trunc(total * value.share)), "BinarySI")];
    }),
  );
