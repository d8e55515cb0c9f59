import type { LinuxContainerResources } from "@nk/cri-api";
import type { ResizableResource, RuntimeContainerResources } from "@nk/pod-model";
import type { PodCgroupLimits } from "../config/pod-cgroup.ts";
import type { ContainerUpdate, PlanResize } from "./resize.ts";

/** One write, in the order of execution. */
export type ResizeStep =
  | { readonly type: "pod"; readonly limits: PodCgroupLimits }
  | { readonly type: "container"; readonly update: ContainerUpdate };

/** What the order of the steps depends on. */
export interface ResizeStepsInput {
  readonly plan: PlanResize;
  /** What the pod's cgroup is to limit. */
  readonly wanted: PodCgroupLimits;
  /** What it limits now; a field that is absent is unknown, and counts as no limit. */
  readonly current: PodCgroupLimits;
  /** What containers are to have, by id. */
  readonly containers: ReadonlyMap<string, LinuxContainerResources>;
  /** What the runtime says that they have, by id. */
  readonly reported: ReadonlyMap<string, RuntimeContainerResources | undefined>;
}

const compare = (a: bigint, b: bigint): number => (a === b ? 0 : a < b ? -1 : 1);

/** More than any limit. */
const UNLIMITED = 2n ** 63n;

/** 0 and below mean no limit. */
const asLimit = (value: bigint | undefined): bigint => (value === undefined || value <= 0n ? UNLIMITED : value);

type Change = "raise" | "lower" | "keep";

const changeOf = (wanted: bigint, current: bigint): Change => (wanted > current ? "raise" : wanted < current ? "lower" : "keep");

/** A limit that is not stated stays: there is no way to take one away. */
const limitChange = (wanted: bigint | undefined, current: bigint | undefined): Change =>
  wanted === undefined ? "keep" : changeOf(asLimit(wanted), asLimit(current));

const orderOf = ({ containers, reported }: ResizeStepsInput, { id, resource }: ContainerUpdate): number => {
  const [wanted, has] = [containers.get(id), reported.get(id)];
  if (wanted === undefined || has === undefined) return 1;
  if (resource === "memory") return compare(asLimit(wanted.memoryLimitInBytes), asLimit(has.memoryLimitBytes));
  const quota = compare(asLimit(wanted.cpuQuota), asLimit(has.cpuQuotaMicros));
  return quota === 0 ? compare(wanted.cpuShares, has.cpuShares ?? 0n) : quota;
};

interface PodChange {
  readonly limit: { readonly change: Change; readonly limits: PodCgroupLimits };
  readonly request: { readonly change: Change; readonly limits: PodCgroupLimits };
}

const podChangeOf = (resource: ResizableResource, { wanted, current }: ResizeStepsInput): PodChange => {
  const { cpuShares, cpuQuotaMicros, cpuPeriodMicros, memoryLimitBytes } = wanted;
  if (resource === "memory")
    return {
      limit: {
        change: limitChange(memoryLimitBytes, current.memoryLimitBytes),
        limits: memoryLimitBytes === undefined ? {} : { memoryLimitBytes },
      },
      // What a pod asks for of memory is not written anywhere.
      request: { change: "keep", limits: {} },
    };
  return {
    limit: {
      change: limitChange(cpuQuotaMicros, current.cpuQuotaMicros),
      limits: {
        ...(cpuPeriodMicros === undefined ? {} : { cpuPeriodMicros }),
        ...(cpuQuotaMicros === undefined ? {} : { cpuQuotaMicros }),
      },
    },
    request: {
      change: cpuShares === undefined ? "keep" : changeOf(cpuShares, current.cpuShares ?? 0n),
      limits: cpuShares === undefined ? {} : { cpuShares },
    },
  };
};

/** When the request is written relative to the containers, and the limit: a pod never asks for more than it may use. */
const stepsFor = (resource: ResizableResource, input: ResizeStepsInput): readonly ResizeStep[] => {
  const { limit, request } = podChangeOf(resource, input);
  const podStep = ({ change, limits }: PodChange["limit"], when: Change): readonly ResizeStep[] =>
    change === when && input.plan.pod.includes(resource) ? [{ type: "pod", limits }] : [];
  const updates = input.plan.containers
    .filter((update) => update.resource === resource)
    .toSorted((a, b) => orderOf(input, a) - orderOf(input, b));
  return [
    ...podStep(limit, "raise"),
    ...podStep(request, "raise"),
    ...updates.map((update): ResizeStep => ({ type: "container", update })),
    ...podStep(request, "lower"),
    ...podStep(limit, "lower"),
  ];
};

/**
 * The writes that bring a pod to what it was given: memory before CPU; a pod's cgroup is raised before its containers and lowered after
 * them; among these, who gives back comes before who gets more (doPodResizeAction, kuberuntime_manager.go in the reference).
 */
export const computeResizeSteps = (input: ResizeStepsInput): readonly ResizeStep[] => [
  ...stepsFor("memory", input),
  ...stepsFor("cpu", input),
];

/** Memory limits that become smaller than they are: what uses more would be killed. */
export const listLoweredMemory = (
  input: ResizeStepsInput,
): {
  readonly podBytes?: bigint;
  readonly containers: readonly { readonly id: string; readonly name: string; readonly bytes: bigint }[];
} => {
  const { plan, wanted, current, containers, reported } = input;
  const lowersPod = plan.pod.includes("memory") && limitChange(wanted.memoryLimitBytes, current.memoryLimitBytes) === "lower";
  return {
    ...(lowersPod && wanted.memoryLimitBytes !== undefined ? { podBytes: wanted.memoryLimitBytes } : {}),
    containers: plan.containers.flatMap(({ id, name, resource }) => {
      const bytes = containers.get(id)?.memoryLimitInBytes ?? 0n;
      if (resource !== "memory" || bytes <= 0n) return [];
      return limitChange(bytes, reported.get(id)?.memoryLimitBytes) === "lower" ? [{ id, name, bytes }] : [];
    }),
  };
};
