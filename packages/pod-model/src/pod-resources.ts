import type { Container, Pod, ResourceRequirements } from "./gen/core-v1.ts";
import { isPodModelError } from "./errors.ts";
import { compareQuantities, parseQuantity } from "./quantity.ts";

/** What can be changed of a pod that runs. */
export type ResizableResource = "cpu" | "memory";

const RESIZABLE: readonly ResizableResource[] = ["memory", "cpu"];

/** What a pod's containers, and the pod as a whole, ask for and are limited to. */
export interface PodResources {
  /** Of app and init containers, by name. */
  readonly containers: { readonly [name: string]: ResourceRequirements };
  /** `spec.resources`; absent where the pod has none. */
  readonly pod?: ResourceRequirements;
}

/** Which cpu and memory amounts differ between two versions of a pod. */
export interface ResourceChanges {
  /** By container name; only containers of which something differs. Memory comes first. */
  readonly containers: { readonly [name: string]: readonly ResizableResource[] };
  /** Of `spec.resources`. */
  readonly pod: readonly ResizableResource[];
}

const isSameAmount = (a: string | undefined, b: string | undefined): boolean => {
  if (a === b) return true;
  try {
    return compareQuantities(parseQuantity(a ?? "0"), parseQuantity(b ?? "0")) === 0;
  } catch (error) {
    if (!isPodModelError(error)) throw error;
    return false;
  }
};

const changesOf = (a: ResourceRequirements | undefined, b: ResourceRequirements | undefined): readonly ResizableResource[] =>
  a === b
    ? []
    : RESIZABLE.filter(
        (name) => !isSameAmount(a?.requests?.[name], b?.requests?.[name]) || !isSameAmount(a?.limits?.[name], b?.limits?.[name]),
      );

const resourcesByName = (pod: Pod): Map<string, ResourceRequirements> =>
  new Map([...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].map(({ name, resources = {} }) => [name, resources]));

/** What the pod states. */
export const podResourcesOf = (pod: Pod): PodResources => ({
  containers: Object.fromEntries(resourcesByName(pod)),
  ...(pod.spec?.resources === undefined ? {} : { pod: pod.spec.resources }),
});

/** Which amounts of `from` are others in `to`; containers that only one of them has do not count. Never throws. */
export const listResourceChanges = (from: Pod, to: Pod): ResourceChanges => {
  if (from.spec === to.spec) return { containers: {}, pod: [] };
  const before = resourcesByName(from);
  const changed = [...resourcesByName(to)].flatMap(([name, resources]): readonly (readonly [string, readonly ResizableResource[]])[] => {
    const changes = before.has(name) ? changesOf(before.get(name), resources) : [];
    return changes.length === 0 ? [] : [[name, changes]];
  });
  return { containers: Object.fromEntries(changed), pod: changesOf(from.spec?.resources, to.spec?.resources) };
};

/** Whether nothing differs. */
export const hasNoChanges = (changes: ResourceChanges): boolean => changes.pod.length === 0 && Object.keys(changes.containers).length === 0;

const replaceResources = (containers: readonly Container[], resources: PodResources["containers"]): readonly Container[] => {
  const replaced = containers.map((container) => {
    const given = Object.hasOwn(resources, container.name) ? resources[container.name] : undefined;
    return given === undefined || changesOf(container.resources, given).length === 0 ? container : { ...container, resources: given };
  });
  return replaced.every((container, index) => container === containers[index]) ? containers : replaced;
};

/** The pod with these resources instead of its own, where cpu or memory differ; the same object when they do nowhere. Never throws. */
export const withPodResources = (pod: Pod, { containers, pod: own }: PodResources): Pod => {
  if (pod.spec === undefined) return pod;
  const { initContainers, resources, ...rest } = pod.spec;
  const apps = replaceResources(pod.spec.containers, containers);
  const inits = initContainers === undefined ? undefined : replaceResources(initContainers, containers);
  const whole = changesOf(resources, own).length === 0 ? resources : own;
  if (apps === pod.spec.containers && inits === initContainers && whole === resources) return pod;
  return {
    ...pod,
    spec: {
      ...rest,
      containers: apps,
      ...(inits === undefined ? {} : { initContainers: inits }),
      ...(whole === undefined ? {} : { resources: whole }),
    },
  };
};
