import type { PodSpec, ResourceRequirements } from "./gen/core-v1.ts";
import { isPodModelError } from "./errors.ts";
import { aggregateContainers, formatResources, isPodLevelResource } from "./resources.ts";

type Strings = { readonly [name: string]: string };

const isHugePages = (name: string): boolean => name.startsWith("hugepages-");
const isEmpty = (amounts: Strings | undefined): boolean => Object.keys(amounts ?? {}).length === 0;
const only = (amounts: Strings, isWanted: (name: string) => boolean): Strings =>
  Object.fromEntries(Object.entries(amounts).filter(([name]) => isWanted(name)));

/** What the containers come to; nothing when an amount can't be read, which is for validation to name. */
const sumOf = ({ containers, initContainers = [] }: PodSpec, side: "requests" | "limits"): Strings => {
  try {
    return formatResources(aggregateContainers({ spec: { containers, initContainers } }, side));
  } catch (error) {
    if (!isPodModelError(error)) throw error;
    return {};
  }
};

/**
 * Fills in a pod's own resources, of which some are stated, once those of its containers are (defaultHugePagePodLimits and
 * defaultPodRequests): limits of huge pages from the containers'; and where there are limits, requests of cpu and memory from the
 * containers' sum, other requests from the limits.
 */
export const withPodLevelDefaults = (resources: ResourceRequirements, spec: PodSpec): ResourceRequirements => {
  if (isEmpty(resources.limits) && isEmpty(resources.requests)) return resources;
  const requested = (name: string): boolean => Object.hasOwn(resources.requests ?? {}, name);
  const limits = { ...only(sumOf(spec, "limits"), (name) => isHugePages(name) && !requested(name)), ...resources.limits };
  if (isEmpty(limits)) return resources;
  const requests = {
    ...only(limits, isPodLevelResource),
    ...only(sumOf(spec, "requests"), (name) => isPodLevelResource(name) && !isHugePages(name)),
    ...resources.requests,
  };
  return { ...resources, limits, ...(isEmpty(requests) ? {} : { requests }) };
};
