import { isPodModelError, parseQuantity, quantityOf, quantityValue } from "@nk/pod-model";
import type { Quantity } from "@nk/pod-model";
import { EvictionError } from "./errors.ts";

/** An amount, or a share of the capacity: 0.1 is 10 %. */
export type ThresholdValue =
  | { readonly kind: "quantity"; readonly quantity: Quantity }
  | { readonly kind: "percentage"; readonly fraction: number };

/** Longer texts are no percentage that anybody means. */
const PERCENTAGE = /^([+-]?)(\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})%$/u;

const invalid = (where: string, text: string, why: string): EvictionError =>
  new EvictionError("invalid-threshold", `read ${where}: ${JSON.stringify(text.slice(0, 100))} ${why}`, { where, text });

/** `10%` as the reference's single-precision share, so that thresholds come out to the byte as there (parsePercentage). */
const parsePercentage = (text: string, where: string): number => {
  const match = PERCENTAGE.exec(text);
  if (match === null) throw invalid(where, text, 'is no percentage like "10%"');
  const percent = Math.fround(Number(match[2]));
  return Math.fround((match[1] === "-" ? -percent : percent) / 100);
};

const parseAmount = (text: string, where: string): Quantity => {
  try {
    return parseQuantity(text);
  } catch (error) {
    if (!isPodModelError(error)) throw error;
    const why = error.message.slice(error.message.lastIndexOf(": ") + 2);
    throw new EvictionError(
      "invalid-threshold",
      `read ${where}: ${JSON.stringify(text.slice(0, 100))} is no quantity like "100Mi" and no percentage: ${why}`,
      {
        where,
        text,
        cause: error,
      },
    );
  }
};

/**
 * Reads the value of a threshold: `100Mi`, `1.5Gi`, `10%`. Undefined for 0 % and 100 %, which switch the threshold off. Throws
 * `invalid-threshold` for what is not positive.
 */
export const parseThresholdValue = (text: string, where: string): ThresholdValue | undefined => {
  if (text.endsWith("%")) {
    const fraction = parsePercentage(text, where);
    if (fraction < 0) throw invalid(where, text, "is negative; a threshold is from 0% to 100%");
    if (fraction > 1) throw invalid(where, text, "is more than there is; a threshold is from 0% to 100%");
    return fraction === 0 || fraction === 1 ? undefined : { kind: "percentage", fraction };
  }
  const quantity = parseAmount(text, where);
  if (quantity.nanos <= 0n) throw invalid(where, text, "is not positive; use 0% to switch a threshold off");
  return { kind: "quantity", quantity };
};

/** Reads a minimum reclaim: `0`, `500Mi`, `5%`. Throws `invalid-threshold` for a negative one and for 0 %, as the reference does. */
export const parseMinReclaim = (text: string, where: string): ThresholdValue => {
  if (text.endsWith("%")) {
    const fraction = parsePercentage(text, where);
    if (fraction <= 0) throw invalid(where, text, "is not positive");
    return { kind: "percentage", fraction };
  }
  const quantity = parseAmount(text, where);
  if (quantity.nanos < 0n) throw invalid(where, text, "is negative");
  return { kind: "quantity", quantity };
};

/** The amount that the value stands for, given the capacity (GetThresholdQuantity in the reference). */
export const resolveThresholdValue = (value: ThresholdValue, capacity: Quantity): Quantity => {
  if (value.kind === "quantity") return value.quantity;
  return quantityOf(BigInt(Math.trunc(Number(quantityValue(capacity)) * value.fraction)), "BinarySI");
};
