import { compareQuantities, computePodLimits, computePodRequests, formatQuantity, isPodModelError, parseQuantity } from "@nk/pod-model";
import type { Pod, PodSpec, Quantity, ResourceAmounts } from "@nk/pod-model";
import { forEachItem } from "../field.ts";
import type { Field } from "../field.ts";
import { whyNotQualifiedName } from "./names.ts";
import { isHugePages, validateResources } from "./resources.ts";

/** Known to the API, and not for pods. */
const STANDARD: ReadonlySet<string> = new Set([
  ..."cpu memory ephemeral-storage storage".split(" ").flatMap((name) => [name, `requests.${name}`]),
  ..."limits.cpu limits.memory limits.ephemeral-storage pods resourcequotas services replicationcontrollers secrets".split(" "),
  ..."configmaps persistentvolumeclaims services.nodeports services.loadbalancers".split(" "),
]);

const checkName = (name: string, field: Field): boolean => {
  const isAllowed = name === "cpu" || name === "memory" || isHugePages(name);
  const why = whyNotQualifiedName(name);
  if (why !== undefined) field.invalid(name, why);
  else if (!isAllowed && !name.includes("/") && !STANDARD.has(name) && !name.startsWith("requests.hugepages-"))
    field.invalid(name, "must be a standard resource type or fully qualified");
  else if (!isAllowed) field.unsupported(name, ["cpu", "hugepages-", "memory"]);
  return isAllowed && why === undefined;
};

const read = (text: string | undefined): Quantity | undefined => {
  try {
    return text === undefined ? undefined : parseQuantity(text);
  } catch (error) {
    if (!isPodModelError(error)) throw error;
    // Reported where it stands.
    return undefined;
  }
};

/** What the containers come to without the pod's own amounts; nothing when one can't be read, which is reported where it stands. */
const sumOf = ({ containers, initContainers = [] }: PodSpec, compute: (pod: Pod) => ResourceAmounts): ReadonlyMap<string, Quantity> => {
  try {
    return new Map(Object.entries(compute({ spec: { containers, initContainers } })));
  } catch (error) {
    if (!isPodModelError(error)) throw error;
    return new Map();
  }
};

/** Limits of other resources than huge pages may come to more: not all containers need theirs at once. */
const checkSums = (spec: PodSpec, root: Field): void => {
  for (const side of ["requests", "limits"] as const) {
    const sums = sumOf(spec, side === "requests" ? computePodRequests : computePodLimits);
    for (const [name, text] of Object.entries(spec.resources?.[side] ?? {})) {
      const [own, sum] = [read(text), side === "requests" || isHugePages(name) ? sums.get(name) : undefined];
      if (own === undefined || sum === undefined || compareQuantities(sum, own) <= 0) continue;
      const why = `must be greater than or equal to aggregate container ${side} of ${formatQuantity(sum)}`;
      root.at("resources", side, name).invalid(text, why);
    }
  }
};

/** No container may have more than the pod; the reference names a field there that does not exist. */
const checkEachLimit = (spec: PodSpec, root: Field): void => {
  const podLimits = new Map(Object.entries(spec.resources?.limits ?? {}));
  forEachItem(spec.containers, root.at("containers"), ({ resources }, field) => {
    for (const [name, text] of Object.entries(resources?.limits ?? {})) {
      const podText = podLimits.get(name);
      const [limit, podLimit] = [read(text), read(podText)];
      if (limit === undefined || podLimit === undefined || compareQuantities(limit, podLimit) <= 0) continue;
      field.at("resources", "limits", name).invalid(text, `must be less than or equal to pod limits of ${podText}`);
    }
  });
};

/** Requests and limits of the pod as a whole, and whether its containers' fit into them. */
export const validatePodResources = (spec: PodSpec, root: Field): void => {
  if (spec.resources === undefined) return;
  const field = root.at("resources");
  if (spec.os?.name === "windows") {
    field.forbidden("may not be set for a windows pod");
    return;
  }
  if ((spec.resources.claims ?? []).length > 0) field.at("claims").forbidden("claims may not be set for Resources at pod-level");
  validateResources(spec.resources, field, checkName);
  checkSums(spec, root);
  checkEachLimit(spec, root);
};
