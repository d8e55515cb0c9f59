import type { Container, Pod, ResizableResource, ResourceChanges, RuntimeContainerStatus } from "@nk/pod-model";
import { isSidecar } from "@nk/pod-model";
import type { PlanView } from "./plan-view.ts";

/** A resize that was accepted and of which not everything may have been done. */
export interface ResizeFacts {
  /** What was made since then, epoch ms, has what the pod was given. */
  readonly acceptedAtMs: number;
  readonly changes: ResourceChanges;
  /** By container id, for those that this kubelet made: which order they were made for; 0 for none. */
  readonly madeFor: ReadonlyMap<string, number>;
  /** What was done: see {@link resizeKey}. */
  readonly done: ReadonlySet<string>;
}

/** One container's cgroup is to be changed while the container runs. */
export interface ContainerUpdate {
  readonly id: string;
  readonly name: string;
  readonly resource: ResizableResource;
}

/** What a resize has left to do; containers that are to be restarted for it are among the plan's kills. */
export interface PlanResize {
  /** Of the pod's own cgroup. */
  readonly pod: readonly ResizableResource[];
  readonly containers: readonly ContainerUpdate[];
}

const ALL: readonly ResizableResource[] = ["memory", "cpu"];

/** What is remembered as done: one resource of a container by its id, or of the pod. */
export const resizeKey = (resource: ResizableResource, containerId = "pod"): string => `${containerId} ${resource}`;

/** A container without a limit of its own has the pod's. */
const changedOf = (container: Container, changes: ResourceChanges): readonly ResizableResource[] => {
  const own = Object.hasOwn(changes.containers, container.name) ? (changes.containers[container.name] ?? []) : [];
  return ALL.filter(
    (resource) => own.includes(resource) || (changes.pod.includes(resource) && container.resources?.limits?.[resource] === undefined),
  );
};

const restartsFor = ({ resizePolicy = [] }: Container, resource: ResizableResource): boolean =>
  resizePolicy.some(({ resourceName, restartPolicy }) => resourceName === resource && restartPolicy === "RestartContainer");

/** Whether it has what the pod was given because it was made with it. `probably`: an earlier kubelet made it, in time. */
const isMadeFor = (facts: ResizeFacts, running: RuntimeContainerStatus): "yes" | "no" | "probably" => {
  const madeFor = facts.madeFor.get(running.id);
  if (madeFor !== undefined) return madeFor >= facts.acceptedAtMs ? "yes" : "no";
  return running.createdAtNanos / 1_000_000n >= BigInt(Math.floor(facts.acceptedAtMs)) ? "probably" : "no";
};

/** What a running container lacks, and whether it has to be restarted for it. */
export const decideResize = (
  facts: ResizeFacts | undefined,
  container: Container,
  running: RuntimeContainerStatus,
): { readonly restarts: boolean; readonly updates: readonly ResizableResource[] } => {
  if (facts === undefined || running.state !== "running") return { restarts: false, updates: [] };
  const made = isMadeFor(facts, running);
  if (made === "yes") return { restarts: false, updates: [] };
  const left = changedOf(container, facts.changes).filter((resource) => !facts.done.has(resizeKey(resource, running.id)));
  const restarting = left.filter((resource) => restartsFor(container, resource));
  if (made === "no" && restarting.length > 0) return { restarts: true, updates: [] };
  // Telling a runtime twice does no harm, restarting a container twice would.
  return { restarts: false, updates: left.filter((resource) => !restarting.includes(resource)) };
};

const resizableOf = (pod: Pod): readonly Container[] => [
  ...(pod.spec?.initContainers ?? []).filter(isSidecar),
  ...(pod.spec?.containers ?? []),
];

/** What is left of the resize; undefined when there is none, or all of it was done. */
export const planResize = (view: Pick<PlanView, "pod" | "facts" | "newest">): PlanResize | undefined => {
  const { resize } = view.facts;
  if (resize === undefined) return undefined;
  const { pod: whole, containers: parts } = resize.changes;
  const touched = ALL.filter((resource) => whole.includes(resource) || Object.values(parts).some((names) => names.includes(resource)));
  const pod = touched.filter((resource) => !resize.done.has(resizeKey(resource)));
  const containers = resizableOf(view.pod).flatMap((container): readonly ContainerUpdate[] => {
    const running = view.newest(container.name);
    if (running === undefined) return [];
    const { updates } = decideResize(resize, container, running);
    return updates.map((resource) => ({ id: running.id, name: container.name, resource }));
  });
  return pod.length === 0 && containers.length === 0 ? undefined : { pod, containers };
};

/** Whether every container that runs, and the pod's cgroup, have what the pod was given. */
export const isResized = (view: Pick<PlanView, "pod" | "facts" | "newest">): boolean =>
  planResize(view) === undefined &&
  resizableOf(view.pod).every((container) => {
    const running = view.newest(container.name);
    return running === undefined || !decideResize(view.facts.resize, container, running).restarts;
  });
