import type { LinuxContainerResources } from "@nk/cri-api";
import type { Container, RuntimeContainerStatus, RuntimePodStatus } from "@nk/pod-model";
import { computePodCgroupLimits } from "../config/pod-cgroup.ts";
import type { PodCgroupLimits } from "../config/pod-cgroup.ts";
import type { NodeFacts } from "../config/node-facts.ts";
import { computeContainerResources, computeOverheadResources, computeSandboxResources } from "../config/resources.ts";
import { errorText } from "../errors.ts";
import { findContainerSpec } from "../plan/plan-view.ts";
import { resizeKey } from "../plan/resize.ts";
import type { ContainerUpdate, PlanResize } from "../plan/resize.ts";
import { computeResizeSteps, listLoweredMemory } from "../plan/resize-steps.ts";
import type { ResizeStepsInput } from "../plan/resize-steps.ts";
import { attempt } from "./attempt.ts";
import { tryRefreshObservation } from "./sync-context.ts";
import type { PodPass } from "./sync-context.ts";

/** What one resize is carried out with. */
interface Resizing {
  readonly node: NodeFacts;
  readonly steps: ResizeStepsInput;
  readonly usageBytes: bigint | undefined;
  readonly observed: ReadonlyMap<string, RuntimeContainerStatus>;
  readonly sandboxId: string | undefined;
}

const resourcesOf = (pass: PodPass, node: NodeFacts, container: Container): LinuxContainerResources =>
  computeContainerResources({ pod: pass.pod, container, node });

const gather = async (
  pass: PodPass,
  plan: PlanResize,
  step: { readonly observed: RuntimePodStatus | undefined; readonly sandboxId: string | undefined },
): Promise<Resizing> => {
  const { cgroups, node: nodePort } = pass.ports;
  const node = await nodePort.facts({ signal: pass.signal });
  const state = (await cgroups.readState?.(pass.pod, { signal: pass.signal })) ?? { limits: {} };
  const observed = new Map((step.observed?.containers ?? []).map((container) => [container.id, container]));
  const containers = new Map<string, LinuxContainerResources>();
  for (const { id, name } of plan.containers) {
    const container = findContainerSpec(pass.pod, name);
    if (container !== undefined) containers.set(id, resourcesOf(pass, node, container));
  }
  return {
    node,
    observed,
    sandboxId: step.sandboxId,
    usageBytes: state.memoryUsageBytes,
    steps: {
      plan,
      wanted: computePodCgroupLimits(pass.pod, node),
      current: state.limits,
      containers,
      reported: new Map([...observed].map(([id, { resources }]) => [id, resources])),
    },
  };
};

const readUsage = async (pass: PodPass, containerId: string): Promise<bigint | undefined> => {
  const answer = await pass.ports.resizing?.containerStats({ containerId }, { signal: pass.signal });
  return answer?.stats?.memory?.usageBytes?.value;
};

/** What uses more than its new limit would be killed by it, so nothing is changed then. The words are the reference's. */
const checkMemory = async (pass: PodPass, { steps, usageBytes }: Resizing): Promise<void> => {
  const lowered = listLoweredMemory(steps);
  const problems: string[] = [];
  if (lowered.podBytes !== undefined) {
    if (usageBytes === undefined) problems.push("missing pod memory usage");
    else if (usageBytes >= lowered.podBytes)
      problems.push(`attempting to set pod memory limit (${lowered.podBytes}) below current usage (${usageBytes})`);
  }
  for (const { id, name, bytes } of lowered.containers) {
    const used = await readUsage(pass, id);
    const quoted = JSON.stringify(name);
    if (used === undefined) problems.push(`missing container ${quoted} memory usage`);
    else if (used >= bytes) problems.push(`attempting to set container ${quoted} memory limit (${bytes}) below current usage (${used})`);
  }
  if (problems.length === 0) return;
  throw new Error(`cannot decrease memory limits: ${problems.length === 1 ? (problems[0] ?? "") : `[${problems.join(", ")}]`}`);
};

/** Memory goes first; until the CPU's turn has come its values stay what they are. */
const requestFor = (resizing: Resizing, { id, resource }: ContainerUpdate): LinuxContainerResources | undefined => {
  const wanted = resizing.steps.containers.get(id);
  const has = resizing.observed.get(id)?.resources;
  if (wanted === undefined || resource === "cpu" || has === undefined) return wanted;
  const { cpuShares = wanted.cpuShares, cpuQuotaMicros = wanted.cpuQuota, cpuPeriodMicros = wanted.cpuPeriod } = has;
  return { ...wanted, cpuShares, cpuQuota: cpuQuotaMicros, cpuPeriod: cpuPeriodMicros };
};

const updateContainer = async (pass: PodPass, resizing: Resizing, update: ContainerUpdate): Promise<void> => {
  const linux = requestFor(resizing, update);
  if (linux === undefined) return;
  await pass.ports.resizing?.updateContainerResources(
    { containerId: update.id, linux, windows: undefined, annotations: {} },
    { signal: pass.signal },
  );
  pass.memory.isStale = true;
  pass.memory.resized.done.add(resizeKey(update.resource, update.id));
};

/** containerd before 2.3 says so without the code for it. */
const isUnimplemented = (error: unknown): boolean =>
  error instanceof Error && (("code" in error && error.code === "unimplemented") || errorText(error).includes("not implemented"));

/** The runtime may refuse; one that does not know the call does not care. */
const tellSandbox = async (pass: PodPass, { node, sandboxId }: Resizing, limits: PodCgroupLimits): Promise<void> => {
  if (sandboxId === undefined || pass.ports.resizing === undefined) return;
  const resources = computeSandboxResources(pass.pod, node);
  try {
    await pass.ports.resizing.updatePodSandboxResources(
      { podSandboxId: sandboxId, overhead: computeOverheadResources(pass.pod, node), resources },
      { signal: pass.signal },
    );
  } catch (error) {
    pass.signal.throwIfAborted();
    if (isUnimplemented(error)) return;
    const what = limits.memoryLimitBytes === undefined ? "cpu" : "memory";
    const why = `failed to notify runtime for UpdatePodSandboxResources (resource=${what}); resize rejected`;
    throw new Error(`${why}: ${errorText(error)}`, { cause: error });
  }
};

/**
 * Brings a running pod to what it was given. It stops at the first failure; what was done is remembered, and the next pass goes on. The
 * error's message is for the pod's owner. Runtime and cgroups are told nothing when a memory limit would fall below what is used.
 */
export const resizePod = (
  pass: PodPass,
  plan: PlanResize,
  step: { readonly observed: RuntimePodStatus | undefined; readonly sandboxId: string | undefined },
): Promise<void> =>
  attempt(pass, { code: "resize-failed", what: "resize containers" }, async () => {
    const startedMs = pass.clock.monotonicMs();
    let success = false;
    try {
      const resizing = await gather(pass, plan, step);
      await checkMemory(pass, resizing);
      for (const one of computeResizeSteps(resizing.steps)) {
        pass.signal.throwIfAborted();
        if (one.type === "container") await updateContainer(pass, resizing, one.update);
        else {
          await tellSandbox(pass, resizing, one.limits);
          await pass.ports.cgroups.setLimits?.(pass.pod, one.limits, { signal: pass.signal });
        }
      }
      for (const resource of plan.pod) pass.memory.resized.done.add(resizeKey(resource));
      success = true;
    } finally {
      pass.metrics.resizeDuration.observe(pass.clock.monotonicMs() - startedMs, { success: String(success) });
      if (pass.memory.isStale) await tryRefreshObservation(pass);
    }
  });
