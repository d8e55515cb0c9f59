import { parseQuantity } from "@nk/pod-model";
import type { Quantity } from "@nk/pod-model";
import type { Field } from "../field.ts";

/** Reports a present value that is not one of the allowed ones. */
export const checkOneOf = (value: string | undefined, field: Field, allowed: readonly string[]): void => {
  if (value !== undefined && !allowed.includes(value)) field.unsupported(value, allowed);
};

/** Reports a present number below zero. */
export const checkNotNegative = (value: number | undefined, field: Field): void => {
  if (value !== undefined && value < 0) field.invalid(value, "must be greater than or equal to 0");
};

/** Reports a present number outside `min` to `max`. */
export const checkBetween = (value: number | undefined, field: Field, range: { readonly min: number; readonly max: number }): void => {
  if (value !== undefined && (value < range.min || value > range.max)) {
    field.invalid(value, `must be between ${range.min} and ${range.max}, inclusive`);
  }
};

/** Largest user and group id. */
const MAX_ID = 2_147_483_647;

/** Reports a present user or group id that the kernel does not have. */
export const checkId = (value: number | undefined, field: Field): void => checkBetween(value, field, { min: 0, max: MAX_ID });

/** Reports a text that is no quantity, or one below zero; undefined then. */
export const readAmount = (text: string, field: Field): Quantity | undefined => {
  try {
    const quantity = parseQuantity(text);
    if (quantity.nanos >= 0n) return quantity;
    field.invalid(text, "must be greater than or equal to 0");
  } catch {
    field.invalid(text, "quantities must be a number with an optional suffix, such as 250m, 1.5 or 64Mi");
  }
  return undefined;
};

/** Reports a path with a `..` element. */
export const checkNoBacksteps = (path: string, field: Field): void => {
  if (path.split("/").includes("..")) field.invalid(path, "must not contain '..'");
};

/** Reports a path that is absolute or has a `..` element. */
export const checkLocalPath = (path: string, field: Field): void => {
  if (path.startsWith("/")) field.invalid(path, "must be a relative path");
  checkNoBacksteps(path, field);
};
