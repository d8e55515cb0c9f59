import { compareQuantities, parseQuantity } from "@nk/pod-model";
import type { ResourceRequirements } from "@nk/pod-model";
import { invalid, notAllowed, required } from "../../field-error.ts";
import type { FieldError } from "../../field-error.ts";
import { checkQualifiedName } from "../../names.ts";

const HUGE_PAGES = "hugepages-";
const STANDARD: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage"]);

const validateName = (name: string, field: string): readonly FieldError[] => {
  const problems = checkQualifiedName(name).map((text) => invalid(field, name, text));
  if (problems.length > 0 || name.includes("/") || STANDARD.has(name) || name.startsWith(HUGE_PAGES)) return problems;
  return [
    invalid(field, name, "must be a standard resource type or fully qualified"),
    invalid(field, name, "must be a standard resource for containers"),
  ];
};

/** Extended resources and huge pages can't be overcommitted. */
const mayOvercommit = (name: string): boolean => !name.startsWith(HUGE_PAGES) && !name.includes("/");

const validateAmounts = (amounts: { readonly [name: string]: string }, field: string): readonly FieldError[] =>
  Object.entries(amounts).flatMap(([name, text]) => {
    const at = `${field}[${name}]`;
    const { nanos } = parseQuantity(text);
    return [
      ...validateName(name, at),
      ...(nanos < 0n ? [invalid(at, text, "must be greater than or equal to 0")] : []),
      ...(!STANDARD.has(name) && nanos % 1_000_000_000n !== 0n ? [invalid(at, text, "must be an integer")] : []),
    ];
  });

const validateRequest = (
  name: string,
  request: string,
  { limit, field }: { readonly limit: string | undefined; readonly field: string },
): readonly FieldError[] => {
  if (limit === undefined)
    return mayOvercommit(name) ? [] : [required(`${field}.limits`, "Limit must be set for non overcommitable resources")];
  const order = compareQuantities(parseQuantity(request), parseQuantity(limit));
  if (order !== 0 && !mayOvercommit(name)) return [invalid(`${field}.requests`, request, `must be equal to ${name} limit of ${limit}`)];
  return order > 0 ? [invalid(`${field}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`)] : [];
};

/** Names, amounts, and requests that exceed their limits. */
export const validateResources = (resources: ResourceRequirements | undefined, field: string): readonly FieldError[] => {
  const { limits = {}, requests = {} } = resources ?? {};
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  const hasHugePages = names.some((name) => name.startsWith(HUGE_PAGES));
  const hasCompute = names.some((name) => name === "cpu" || name === "memory");
  return [
    ...validateAmounts(limits, `${field}.limits`),
    ...validateAmounts(requests, `${field}.requests`),
    ...Object.entries(requests).flatMap(([name, request]) => validateRequest(name, request, { limit: limits[name], field })),
    ...(hasHugePages && !hasCompute ? [notAllowed(field, "HugePages require cpu or memory")] : []),
  ];
};
