import { compareQuantities, formatQuantity, isPodModelError, parseQuantity, quantityValue } from "@nk/pod-model";
import type { Quantity, ResourceRequirements } from "@nk/pod-model";
import type { Field } from "../field.ts";
import { whyNotQualifiedName } from "./names.ts";
import { readAmount } from "./rules.ts";

type Strings = { readonly [name: string]: string } | undefined;

const HUGE_PAGES = "hugepages-";
const NANOS_PER_UNIT = 1_000_000_000n;

/** Whether the resource is huge pages of some size, which can't be overcommitted. */
export const isHugePages = (name: string): boolean => name.startsWith(HUGE_PAGES);

/** Checks each amount and returns those that can be read. */
export const readAmounts = (amounts: Strings, field: Field): ReadonlyMap<string, Quantity> => {
  const read = new Map<string, Quantity>();
  for (const [name, text] of Object.entries(amounts ?? {})) {
    const quantity = readAmount(text, field.at(name));
    if (quantity !== undefined) read.set(name, quantity);
  }
  return read;
};

/** The bytes of one page; undefined when the name does not say a whole number of them. */
const pageBytes = (name: string): bigint | undefined => {
  try {
    const size = parseQuantity(name.slice(HUGE_PAGES.length));
    return size.nanos > 0n && size.nanos % NANOS_PER_UNIT === 0n ? quantityValue(size) : undefined;
  } catch (error) {
    if (!isPodModelError(error)) throw error;
    return undefined;
  }
};

const checkPages = (amounts: ReadonlyMap<string, Quantity>, field: Field): void => {
  for (const [name, amount] of amounts) {
    if (!isHugePages(name)) continue;
    const bytes = pageBytes(name);
    if (bytes !== undefined && quantityValue(amount) % bytes === 0n) continue;
    const text = formatQuantity(amount);
    field.at(name).invalid(text, `${text} is not positive integer multiple of ${name}`);
  }
};

/** The names of other resources are judged before: only those that nk knows are accepted at all. */
const checkContainerName = (name: string, field: Field): boolean => {
  const why = isHugePages(name) ? whyNotQualifiedName(name) : undefined;
  if (why !== undefined) field.invalid(name, why);
  return why === undefined;
};

/** Requests and limits of one container, or, with a check that allows other names, of a pod as a whole. */
export const validateResources = (
  resources: ResourceRequirements | undefined,
  field: Field,
  checkName: (name: string, field: Field) => boolean = checkContainerName,
): void => {
  const readSide = (side: "limits" | "requests"): ReadonlyMap<string, Quantity> => {
    const named = Object.entries(resources?.[side] ?? {}).filter(([name]) => checkName(name, field.at(side, name)));
    const amounts = readAmounts(Object.fromEntries(named), field.at(side));
    checkPages(amounts, field.at(side));
    return amounts;
  };
  const limits = readSide("limits");
  const requests = readSide("requests");
  for (const [name, request] of requests) {
    const limit = limits.get(name);
    const difference = limit === undefined ? 0 : compareQuantities(request, limit);
    const refuse = (how: string): void =>
      field.at("requests", name).invalid(resources?.requests?.[name], `must be ${how} ${name} limit of ${resources?.limits?.[name]}`);
    if (!isHugePages(name)) {
      if (difference > 0) refuse("less than or equal to");
    } else if (limit === undefined) field.at("limits").required("Limit must be set for non overcommitable resources");
    else if (difference !== 0) refuse("equal to");
  }
  const names = [...limits.keys(), ...requests.keys()];
  if (names.some(isHugePages) && !names.some((name) => name === "cpu" || name === "memory"))
    field.forbidden("HugePages require cpu or memory");
};
