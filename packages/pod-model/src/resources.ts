import type { Container, Pod, ResourceRequirements } from "./gen/core-v1.ts";
import { isSidecar } from "./predicates.ts";
import { addQuantities, compareQuantities, formatQuantity, parseQuantity } from "./quantity.ts";
import type { Quantity } from "./quantity.ts";

/** Amounts by resource name (`cpu`, `memory`, `ephemeral-storage`, `hugepages-2Mi`, ...). A name that is not stated is absent. */
export type ResourceAmounts = { readonly [name: string]: Quantity };

type Side = "requests" | "limits";

/** Reads a `requests` or `limits` map; undefined reads as empty. Throws `invalid-quantity`. */
export const parseResources = (resources: { readonly [name: string]: string } | undefined): ResourceAmounts =>
  Object.fromEntries(Object.entries(resources ?? {}).map(([name, text]) => [name, parseQuantity(text)]));

/** The opposite of {@link parseResources}, in canonical spelling. */
export const formatResources = (amounts: ResourceAmounts): { readonly [name: string]: string } =>
  Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, formatQuantity(amount)]));

/** By name; one may be that of something every object has. */
const merge = (a: ResourceAmounts, b: ResourceAmounts, join: (before: Quantity, amount: Quantity) => Quantity): ResourceAmounts => {
  const merged = new Map(Object.entries(a));
  for (const [name, amount] of Object.entries(b)) {
    const before = merged.get(name);
    merged.set(name, before === undefined ? amount : join(before, amount));
  }
  return Object.fromEntries(merged);
};

const addAll = (total: ResourceAmounts, more: ResourceAmounts): ResourceAmounts => merge(total, more, addQuantities);

const maxAll = (a: ResourceAmounts, b: ResourceAmounts): ResourceAmounts =>
  merge(a, b, (before, amount) => (compareQuantities(amount, before) > 0 ? amount : before));

const sideOf = (container: Pick<Container, "resources">, side: Side): ResourceAmounts => parseResources(container.resources?.[side]);

/**
 * What the containers need at the worst moment: either all app containers and sidecars together, or one init container together with
 * the sidecars that were started before it. Without overhead and pod-level values. Throws `invalid-quantity`.
 */
export const aggregateContainers = (pod: Pod, side: Side): ResourceAmounts => {
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

/** Whether a pod as a whole may ask for the resource (IsSupportedPodLevelResource). */
export const isPodLevelResource = (name: string): boolean => name === "cpu" || name === "memory" || name.startsWith("hugepages-");

const podLevel = (resources: ResourceRequirements | undefined, side: Side): ResourceAmounts => {
  const stated = parseResources(resources?.[side]);
  return Object.fromEntries(Object.entries(stated).filter(([name]) => isPodLevelResource(name)));
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
  const limits = { ...aggregateContainers(pod, "limits"), ...podLevel(pod.spec?.resources, "limits") };
  const overheads = Object.entries(parseResources(pod.spec?.overhead));
  const isLimited = (name: string): boolean => Object.hasOwn(limits, name) && limits[name]?.nanos !== 0n;
  return addAll(limits, Object.fromEntries(overheads.filter(([name]) => isLimited(name))));
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
