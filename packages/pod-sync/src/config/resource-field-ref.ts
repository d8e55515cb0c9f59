import { hasPodLevelResources, listContainers, parseQuantity, quantityMilliValue, quantityValue } from "@nk/pod-model";
import type { Container, Pod, ResourceFieldSelector } from "@nk/pod-model";
import { rejectConfig } from "./reject.ts";

/** Whose resources are read, and what stands in for limits that are not stated. */
export interface ResourceFieldFacts {
  readonly pod: Pod;
  readonly container: Container;
  readonly allocatable: { readonly [resource: string]: string };
}

/** Limits of these are the pod's or the node's when the container states none; others are then zero. */
const DEFAULTED_LIMITS: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage"]);

const isZero = (text: string): boolean => parseQuantity(text).nanos === 0n;

const limitOf = (resource: string, container: Container, facts: ResourceFieldFacts): string => {
  const own = container.resources?.limits?.[resource] ?? "0";
  if (!isZero(own) || !DEFAULTED_LIMITS.has(resource)) return own;
  const podLimit = hasPodLevelResources(facts.pod) ? facts.pod.spec?.resources?.limits?.[resource] : undefined;
  if (podLimit !== undefined && !isZero(podLimit)) return podLimit;
  return facts.allocatable[resource] ?? "0";
};

const divideUp = (value: bigint, divisor: bigint): bigint => (value + divisor - 1n) / divisor;

const containerOf = (selector: ResourceFieldSelector, facts: ResourceFieldFacts): Container => {
  const { containerName = "" } = selector;
  if (containerName === "") return facts.container;
  const named = listContainers(facts.pod).find(({ name }) => name === containerName);
  if (named === undefined) throw rejectConfig(`container ${containerName} not found`);
  return named;
};

/**
 * The value of a resourceFieldRef in units of its divisor, rounded up (pkg/api/v1/resource). A limit that is not stated is the pod's, else
 * what the node can allocate; a request that is not stated is zero.
 */
export const resolveResourceFieldRef = (selector: ResourceFieldSelector, facts: ResourceFieldFacts): string => {
  const container = containerOf(selector, facts);
  const [, side, resource = ""] = /^(limits|requests)\.(.+)$/u.exec(selector.resource) ?? [];
  const isKnown = DEFAULTED_LIMITS.has(resource) || resource.startsWith("hugepages-");
  if (side === undefined || !isKnown) throw rejectConfig(`unsupported container resource : ${selector.resource}`);
  const amount = parseQuantity(
    side === "limits" ? limitOf(resource, container, facts) : (container.resources?.requests?.[resource] ?? "0"),
  );
  const stated = parseQuantity(selector.divisor ?? "1");
  const divisor = stated.nanos === 0n ? parseQuantity("1") : stated;
  // CPUs are counted in thousandths, everything else in whole units.
  const value = resource === "cpu" ? quantityMilliValue : quantityValue;
  return `${divideUp(value(amount), value(divisor))}`;
};
