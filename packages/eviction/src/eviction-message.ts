import { formatQuantity, hasPodLevelResources, listContainers, parseQuantity, podRef, quantityOf } from "@nk/pod-model";
import type { Container, Pod, Quantity } from "@nk/pod-model";
import { amountOf } from "./observations.ts";
import type { StarvedResource } from "./signals.ts";
import type { ContainerStats, PodStats } from "./summary.ts";

/** Keys of the annotations of a pod's `Evicted` event, as in the reference. */
export const EVICTION_ANNOTATIONS = {
  offendingContainers: "offending_containers",
  offendingContainersUsage: "offending_containers_usage",
  offendingPod: "offending_pod",
  offendingPodUsage: "offending_pod_usage",
  starvedResource: "starved_resource",
} as const;

/** The threshold that was crossed, as a message tells it. */
export interface CrossedThreshold {
  readonly resource: StarvedResource;
  readonly threshold: Quantity;
  readonly available: Quantity;
}

/** What the pod's status and its event say. */
export interface EvictionWords {
  /** Ends with a space, as in the reference. */
  readonly message: string;
  /** Of the event. */
  readonly annotations: { readonly [key: string]: string };
}

const containerUsage = (stats: ContainerStats, resource: StarvedResource): Quantity | undefined => {
  if (resource === "memory") {
    const bytes = amountOf(stats.memory?.workingSetBytes);
    return bytes === undefined ? undefined : quantityOf(bytes, "BinarySI");
  }
  if (resource !== "ephemeral-storage") return undefined;
  const rootfs = amountOf(stats.rootfs?.usedBytes);
  const logs = amountOf(stats.logs?.usedBytes);
  return rootfs === undefined || logs === undefined ? undefined : quantityOf(rootfs + logs, "BinarySI");
};

const readRequest = (text: string | undefined): Quantity => {
  try {
    return parseQuantity(text ?? "0");
  } catch {
    return quantityOf(0n);
  }
};

interface Offender {
  readonly name: string;
  readonly usage: string;
  readonly request: string;
}

/** The containers that use more than they requested, in the order of the stats. Ephemeral containers have no request and are not blamed. */
const findOffenders = (containers: readonly Container[], stats: PodStats, resource: StarvedResource): readonly Offender[] =>
  (stats.containers ?? []).flatMap((one): Offender[] => {
    const container = containers.find(({ name }) => name === one.name);
    const usage = containerUsage(one, resource);
    if (container === undefined || usage === undefined) return [];
    const request = readRequest(container.resources?.requests?.[resource]);
    return usage.nanos > request.nanos ? [{ name: one.name, usage: formatQuantity(usage), request: formatQuantity(request) }] : [];
  });

const blame = (who: string, { name, usage, request }: Offender, resource: StarvedResource): string =>
  `${who} ${name} was using ${usage}, request is ${request}, has larger consumption of ${resource}. `;

const podOffender = (pod: Pod, stats: PodStats, resource: StarvedResource): Offender | undefined => {
  const request = pod.spec?.resources?.requests?.[resource];
  if (resource !== "memory" || !hasPodLevelResources(pod) || request === undefined || (stats.memory ?? undefined) === undefined)
    return undefined;
  const usage = quantityOf(amountOf(stats.memory?.workingSetBytes) ?? 0n, "BinarySI");
  return { name: podRef(pod).name, usage: formatQuantity(usage), request: formatQuantity(readRequest(request)) };
};

/** Why the pod is evicted, in the reference's words (evictionMessage). Without stats only the threshold is told. */
export const computeEvictionWords = (pod: Pod, stats: PodStats | undefined, crossed: CrossedThreshold): EvictionWords => {
  const { resource, threshold, available } = crossed;
  const head = `The node was low on resource: ${resource}. Threshold quantity: ${formatQuantity(threshold)}, available: ${formatQuantity(available)}. `;
  if (stats === undefined) return { message: head, annotations: {} };
  const whole = podOffender(pod, stats, resource);
  const offenders = findOffenders(listContainers(pod), stats, resource);
  const { offendingContainers, offendingContainersUsage, offendingPod, offendingPodUsage, starvedResource } = EVICTION_ANNOTATIONS;
  return {
    message: [
      head,
      ...(whole === undefined ? [] : [blame("Pod", whole, resource)]),
      ...offenders.map((offender) => blame("Container", offender, resource)),
    ].join(""),
    annotations: {
      ...(whole === undefined ? {} : { [offendingPod]: whole.name, [offendingPodUsage]: whole.usage }),
      [offendingContainers]: offenders.map(({ name }) => name).join(","),
      [offendingContainersUsage]: offenders.map(({ usage }) => usage).join(","),
      [starvedResource]: resource,
    },
  };
};
