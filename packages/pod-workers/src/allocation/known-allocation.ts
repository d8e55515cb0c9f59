import { isPodModelError, isStaticPod, parseTimestamp } from "@nk/pod-model";
import type { ContainerStatus, Pod, PodCondition, PodResources, ResourceRequirements } from "@nk/pod-model";
import type { PendingResize, PodResize } from "./pod-resize.ts";

type Amounts = { readonly [name: string]: string };

const RESIZABLE: ReadonlySet<string> = new Set(["cpu", "memory"]);

/** `stated` with the cpu and memory of `shown`; of these two, what is not shown was not given. */
const overlaid = (stated: Amounts | undefined, shown: Amounts = {}): Amounts | undefined =>
  stated === undefined
    ? undefined
    : Object.fromEntries(
        Object.entries(stated).flatMap(([name, amount]): readonly (readonly [string, string])[] => {
          if (!RESIZABLE.has(name)) return [[name, amount]];
          const given = shown[name];
          return given === undefined ? [] : [[name, given]];
        }),
      );

const overlaidBoth = (stated: ResourceRequirements, shown: ResourceRequirements): ResourceRequirements => {
  const requests = overlaid(stated.requests, shown.requests);
  const limits = overlaid(stated.limits, shown.limits);
  return { ...stated, ...(requests === undefined ? {} : { requests }), ...(limits === undefined ? {} : { limits }) };
};

/** A container without an instance has neither field, and will be made with what it then is given. */
const shownResources = (stated: ResourceRequirements, status: ContainerStatus | undefined): ResourceRequirements =>
  status?.resources === undefined
    ? stated
    : overlaidBoth(stated, { requests: status.allocatedResources ?? {}, limits: status.resources.limits ?? {} });

/** Pod-level sums hold the overhead as well, which is not to be told apart. */
const shownPodResources = ({ spec, status }: Pod): Pick<PodResources, "pod"> => {
  if (spec?.resources === undefined) return {};
  if (spec.overhead !== undefined || status?.allocatedResources === undefined) return { pod: spec.resources };
  return { pod: overlaidBoth(spec.resources, { requests: status.allocatedResources, limits: status.resources?.limits ?? {} }) };
};

/**
 * What a kubelet before this one had given the pod, by the status it wrote: a pod whose spec was changed while no kubelet ran is resized,
 * not taken for one that always was so. Undefined where no container has a status: then the pod gets what it asks for.
 */
export const allocationShown = (pod: Pod): PodResources | undefined => {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  if (isStaticPod(pod) || statuses.every(({ resources }) => resources === undefined)) return undefined;
  const byName = new Map(statuses.map((status) => [status.name, status]));
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return {
    containers: Object.fromEntries(containers.map(({ name, resources = {} }) => [name, shownResources(resources, byName.get(name))])),
    ...shownPodResources(pod),
  };
};

const timeOf = (condition: PodCondition, nowMs: number): number => {
  const { lastTransitionTime } = condition;
  if (lastTransitionTime === undefined) return nowMs;
  try {
    return parseTimestamp(lastTransitionTime);
  } catch (error) {
    if (!isPodModelError(error)) throw error;
    return nowMs;
  }
};

/** What an earlier kubelet said of the pod's resize, so that its times do not start anew. */
export const pendingShown = (pod: Pod, nowMs: number): PodResize => {
  const condition = pod.status?.conditions?.find(({ type }) => type === "PodResizePending");
  if (condition === undefined) return {};
  const reason: PendingResize["reason"] = condition.reason === "Infeasible" ? "Infeasible" : "Deferred";
  const { message = "", observedGeneration: generation = 0 } = condition;
  return { pending: { reason, message, generation, sinceMs: timeOf(condition, nowMs), judgedAtMs: nowMs } };
};
