import { compareQuantities } from "@nk/pod-model";
import type { Quantity, ResourceRequirements } from "@nk/pod-model";
import type { Field } from "../field.ts";
import { readAmount } from "./rules.ts";

type Strings = { readonly [name: string]: string } | undefined;

/** Checks each amount and returns those that can be read. */
export const readAmounts = (amounts: Strings, field: Field): ReadonlyMap<string, Quantity> => {
  const read = new Map<string, Quantity>();
  for (const [name, text] of Object.entries(amounts ?? {})) {
    const quantity = readAmount(text, field.at(name));
    if (quantity !== undefined) read.set(name, quantity);
  }
  return read;
};

/** Requests and limits of one container. */
export const validateResources = (resources: ResourceRequirements | undefined, field: Field): void => {
  const limits = readAmounts(resources?.limits, field.at("limits"));
  for (const [name, request] of readAmounts(resources?.requests, field.at("requests"))) {
    const limit = limits.get(name);
    if (limit === undefined || compareQuantities(request, limit) <= 0) continue;
    field
      .at("requests", name)
      .invalid(resources?.requests?.[name], `must be less than or equal to ${name} limit of ${resources?.limits?.[name]}`);
  }
};
