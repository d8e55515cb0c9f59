import { containerHash, RUNTIME_ANNOTATIONS } from "@nk/pod-model";
import type { Pod, RuntimeContainerStatus, RuntimePodStatus } from "@nk/pod-model";
import { decideCrashBackoff } from "./crash-backoff.ts";
import type { CrashBackoffDecision } from "./crash-backoff.ts";
import type { PlanFacts, PlanInput, ProbeResults } from "./plan-input.ts";
import type { ContainerKind, ContainerSpec, ContainerStart, PlanWait, StartReason } from "./pod-plan.ts";

const NO_RESULTS: ProbeResults = {};

/** A pod's containers by name, as the parts of the plan ask for them. */
export interface PlanView {
  readonly pod: Pod;
  readonly facts: PlanFacts;
  readonly observed: RuntimePodStatus | undefined;
  /** The sandbox that stays; undefined when it is replaced. */
  readonly sandboxId: string | undefined;
  /** Newest instance in any sandbox. */
  newest(name: string): RuntimeContainerStatus | undefined;
  /** Newest instance, if it lives in the sandbox that stays. */
  current(name: string): RuntimeContainerStatus | undefined;
  newestEnded(name: string): RuntimeContainerStatus | undefined;
  probes(containerId: string): ProbeResults;
}

/** What a container is to be started as. */
export interface StartRequest {
  readonly spec: ContainerSpec;
  readonly kind: ContainerKind;
  readonly reason: StartReason;
}

/** A start, or the end of the back-off it has to wait for. */
export type StartOrWait =
  | { readonly start: ContainerStart; readonly wait?: undefined }
  | { readonly start?: undefined; readonly wait: Extract<PlanWait, { on: "crash-backoff" }> };

/** Looks containers up by name; the observed lists are newest first. */
export const createPlanView = (input: PlanInput, sandboxId: string | undefined): PlanView => {
  const byName = Map.groupBy(input.observed?.containers ?? [], (container) => container.name);
  return {
    ...input,
    sandboxId,
    newest: (name) => byName.get(name)?.[0],
    current: (name) => (sandboxId === undefined ? undefined : byName.get(name)?.find((container) => container.sandboxId === sandboxId)),
    newestEnded: (name) => byName.get(name)?.find((container) => container.state === "exited"),
    probes: (containerId) => input.facts.probes.get(containerId) ?? NO_RESULTS,
  };
};

/** Identifies what a crash back-off belongs to, beside the container's name and the pod. */
export const specKeyOf = (spec: ContainerSpec): string => `${spec.image ?? ""} ${JSON.stringify(spec.resources ?? {})}`;

/** Whether the running container was made from another name or image than the pod now states (the only things that count). */
export const isDefinitionChanged = (spec: ContainerSpec, running: RuntimeContainerStatus): boolean => {
  const recorded = running.annotations[RUNTIME_ANNOTATIONS.containerHash];
  return recorded !== undefined && recorded !== containerHash(spec);
};

/** The back-off decision for the newest ended instance of a container; undefined when none ended. */
export const backoffOf = (view: PlanView, spec: ContainerSpec): CrashBackoffDecision | undefined => {
  const ended = view.newestEnded(spec.name);
  if (ended === undefined) return undefined;
  const wait = view.facts.waits?.get(spec.name);
  return decideCrashBackoff({
    ended,
    ...(wait?.containerId === ended.id && { waitsSinceMs: wait.sinceMs }),
    entry: view.facts.backoffs.get(spec.name),
    isOfOldImage: isDefinitionChanged(spec, ended),
    specKey: specKeyOf(spec),
    limits: view.facts.backoffLimits,
    nowMs: view.facts.nowMs,
  });
};

const attemptOf = (newest: RuntimeContainerStatus | undefined): number | undefined => {
  if (newest === undefined) return undefined;
  // An instance that never started is removed first, so its number is free again and no restart is counted that never was.
  return newest.state === "created" ? newest.attempt : newest.attempt + 1;
};

/** Starts a container now, or says until when its crash back-off lasts. Ephemeral containers start once, so nothing holds them back. */
export const planStart = (view: PlanView, request: StartRequest): StartOrWait => {
  const { spec, kind, reason } = request;
  // An init container that did its work is only ever run again for a new sandbox, which is no fault of its own.
  const isHeldBack = kind === "init" ? view.newestEnded(spec.name)?.exitCode !== 0 : kind !== "ephemeral";
  const backoff = isHeldBack ? backoffOf(view, spec) : undefined;
  if (backoff?.type === "wait") {
    const { backoffMs, untilMs } = backoff;
    const containerId = view.newestEnded(spec.name)?.id ?? "";
    return { wait: { on: "crash-backoff", container: spec.name, containerId, untilMs, backoffMs } };
  }
  const attempt = attemptOf(view.newest(spec.name));
  return {
    start: {
      name: spec.name,
      kind,
      spec,
      reason,
      ...(attempt !== undefined && { attempt }),
      ...(backoff !== undefined && { nextBackoffMs: backoff.nextBackoffMs }),
    },
  };
};

/** The definition of a container of any kind by its name. */
export const findContainerSpec = (pod: Pod, name: string): ContainerSpec | undefined => {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
  return [...containers, ...initContainers, ...ephemeralContainers].find((container) => container.name === name);
};
