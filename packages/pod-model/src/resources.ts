import type { Container, Pod, ResourceRequirements } from "./gen/core-v1.ts";
import { isSidecar } from "./predicates.ts";
import { addQuantities, compareQuantities, formatQuantity, parseQuantity } from "./quantity.ts";
import type { Quantity } from "./quantity.ts";

/** Amounts by resource name (`cpu`, `memory`, `ephemeral-storage`, `hugepages-2Mi`, ...). A name that is not stated is absent. */
export type ResourceAmounts = { readonly [name: string]: Quantity };

type Amounts = { [name: string]: Quantity };
type Side = "requests" | "limits";

/** Reads a `requests` or `limits` map; undefined reads as empty. Throws `invalid-quantity`. */
export const parseResources = (resources: { readonly [name: string]: string } | undefined): ResourceAmounts =>
  Object.fromEntries(Object.entries(resources ?? {}).map(([name, text]) => [name, parseQuantity(text)]));

/** The opposite of {@link parseResources}, in canonical spelling. */
export const formatResources = (amounts: ResourceAmounts): { readonly [name: string]: string } =>
  Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, formatQuantity(amount)]));

const addAll = (total: ResourceAmounts, more: ResourceAmounts): ResourceAmounts => {
  const sum: Amounts = { ...total };
  for (const [name, amount] of Object.entries(more)) {
    const before = sum[name];
    sum[name] = before === undefined ? amount : addQuantities(before, amount);
  }
  return sum;
};

const maxAll = (a: ResourceAmounts, b: ResourceAmounts): ResourceAmounts => {
  const max: Amounts = { ...a };
  for (const [name, amount] of Object.entries(b)) {
    const before = max[name];
    if (before === undefined || compareQuantities(amount, before) > 0) max[name] = amount;
  }
  return max;
};

const sideOf = (container: Pick<Container, "resources">, side: Side): ResourceAmounts => parseResources(container.resources?.[side]);

/**
 * What the containers need at the worst moment: either all app containers and sidecars together, or one init container together with
 * the sidecars that were started before it.
 */
const aggregateContainers = (pod: Pod, side: Side): ResourceAmounts => {
  let running: ResourceAmounts = {};
  for (const container of pod.spec?.containers ?? []) running = addAll(running, sideOf(container, side));
  let sidecars: ResourceAmounts = {};
  let starting: ResourceAmounts = {};
  for (const container of pod.spec?.initContainers ?? []) {
    const own = sideOf(container, side);
    if (isSidecar(container)) {
      running = addAll(running, own);
      sidecars = addAll(sidecars, own);
      starting = maxAll(starting, sidecars);
    } else {
      starting = maxAll(starting, addAll(sidecars, own));
    }
  }
  return maxAll(running, starting);
};

const podLevel = (resources: ResourceRequirements | undefined, side: Side): ResourceAmounts => {
  const stated = parseResources(resources?.[side]);
  return Object.fromEntries(
    Object.entries(stated).filter(([name]) => name === "cpu" || name === "memory" || name.startsWith("hugepages-")),
  );
};

/**
 * What the pod asks of its node: containers, sidecars and init containers at the worst moment; pod-level values instead where stated;
 * plus the overhead. As PodRequests in k8s.io/component-helpers/resource. Throws `invalid-quantity`.
 */
export const computePodRequests = (pod: Pod): ResourceAmounts => {
  const needed = { ...aggregateContainers(pod, "requests"), ...podLevel(pod.spec?.resources, "requests") };
  return addAll(needed, parseResources(pod.spec?.overhead));
};

/**
 * What the pod may use at most, by the same rule. The overhead is added only to resources that have a limit. A resource that only some
 * containers limit is in the result with their sum: ask {@link hasLimitOnEveryContainer} before using it as the pod's limit.
 */
export const computePodLimits = (pod: Pod): ResourceAmounts => {
  const limits: Amounts = { ...aggregateContainers(pod, "limits"), ...podLevel(pod.spec?.resources, "limits") };
  for (const [name, overhead] of Object.entries(parseResources(pod.spec?.overhead))) {
    const limit = limits[name];
    if (limit !== undefined && limit.nanos !== 0n) limits[name] = addQuantities(limit, overhead);
  }
  return limits;
};

/** Whether the pod, or each of its containers, limits the resource: only then has the pod as a whole a limit (its cgroup's). */
export const hasLimitOnEveryContainer = (pod: Pod, resource: string): boolean => {
  const isLimited = (limits: { readonly [name: string]: string } | undefined): boolean => {
    const text = limits?.[resource];
    return text !== undefined && parseQuantity(text).nanos > 0n;
  };
  if (isLimited(pod.spec?.resources?.limits)) return true;
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return containers.every((container) => isLimited(container.resources?.limits));
};
