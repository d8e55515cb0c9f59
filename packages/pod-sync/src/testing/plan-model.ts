import { compareNewestFirst, containerHash, RUNTIME_ANNOTATIONS } from "@nk/pod-model";
import type { Pod, RuntimeContainerStatus, RuntimePodStatus, RuntimeSandboxStatus } from "@nk/pod-model";
import { computePlan } from "../plan/compute-plan.ts";
import type { CrashBackoffEntry } from "../plan/crash-backoff.ts";
import { DEFAULT_CRASH_BACKOFF_LIMITS } from "../plan/crash-backoff.ts";
import type { ProbeResults } from "../plan/plan-input.ts";
import { specKeyOf } from "../plan/plan-view.ts";
import type { PodPlan } from "../plan/pod-plan.ts";
import { sampleSandbox } from "./sample-status.ts";

/** A pod and what a runtime has of it, as values: every step of a plan succeeds at once. */
export interface PlanModel {
  readonly pod: Pod;
  nowMs: number;
  sandboxes: RuntimeSandboxStatus[];
  containers: RuntimeContainerStatus[];
  readonly probes: Map<string, ProbeResults>;
  readonly backoffs: Map<string, CrashBackoffEntry>;
}

/** What the model has, newest first. */
export const observedOf = ({ sandboxes, containers }: PlanModel): RuntimePodStatus | undefined => {
  if (sandboxes.length === 0 && containers.length === 0) return undefined;
  const ready = sandboxes.toSorted(compareNewestFirst);
  return {
    uid: "uid-web",
    name: "web",
    namespace: "default",
    ips: ready[0]?.ips ?? [],
    sandboxes: ready,
    containers: containers.toSorted(compareNewestFirst),
    observedAtMs: 0,
  };
};

/** The plan for what the model has now. */
export const planFor = (model: PlanModel): PodPlan => {
  const { pod, nowMs, probes, backoffs } = model;
  return computePlan({ pod, observed: observedOf(model), facts: { nowMs, probes, backoffs, backoffLimits: DEFAULT_CRASH_BACKOFF_LIMITS } });
};

const nanos = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n;

/** Ends a container that runs or may run. */
export const endContainer = (model: PlanModel, id: string, exitCode: number): void => {
  model.containers = model.containers.map((one) =>
    one.id === id && (one.state === "running" || one.state === "unknown")
      ? { ...one, state: "exited", exitCode, reason: exitCode === 0 ? "Completed" : "Error", finishedAtNanos: nanos(model.nowMs) }
      : one,
  );
};

const start = (model: PlanModel, plan: PodPlan, { name, spec, attempt = 0, nextBackoffMs }: PodPlan["containersToStart"][number]): void => {
  const id = `${name}-${attempt}-${model.containers.length}-${model.nowMs}`;
  model.containers.push({
    id,
    name,
    attempt,
    sandboxId: plan.createSandbox === undefined ? (plan.sandboxId ?? "") : `s${plan.sandboxAttempt}`,
    state: "running",
    createdAtNanos: nanos(model.nowMs),
    startedAtNanos: nanos(model.nowMs),
    finishedAtNanos: 0n,
    image: spec.image ?? "",
    imageId: "",
    imageRef: "",
    labels: {},
    annotations: { [RUNTIME_ANNOTATIONS.containerHash]: containerHash(spec) },
    exitCode: 0,
    reason: "",
    message: "",
    logPath: "",
    mounts: [],
  });
  if (nextBackoffMs !== undefined)
    model.backoffs.set(name, { specKey: specKeyOf(spec), backoffMs: nextBackoffMs, lastRestartMs: model.nowMs });
};

/** Does what a plan says, in its order; a millisecond passes. */
export const applyPlan = (model: PlanModel, plan: PodPlan): void => {
  model.nowMs += 1;
  if (plan.killPod !== undefined) {
    for (const { id } of model.containers) endContainer(model, id, 137);
    model.sandboxes = model.sandboxes.map((one) => ({ ...one, state: "notready", ips: [] }));
  }
  for (const { id } of plan.containersToKill) endContainer(model, id, 137);
  const removed = new Set(plan.containersToRemove.map(({ id }) => id));
  model.containers = model.containers.filter(({ id }) => !removed.has(id));
  model.sandboxes = model.sandboxes.filter(({ id }) => !plan.sandboxesToRemove.includes(id));
  if (plan.restartAll !== undefined) {
    const { source, nextBackoffMs } = plan.restartAll;
    const spec = [...(model.pod.spec?.initContainers ?? []), ...(model.pod.spec?.containers ?? [])].find(({ name }) => name === source);
    if (spec !== undefined) model.backoffs.set(source, { specKey: specKeyOf(spec), backoffMs: nextBackoffMs, lastRestartMs: model.nowMs });
  }
  if (plan.isFinished) return;
  if (plan.createSandbox !== undefined) {
    const network = model.pod.spec?.hostNetwork === true ? "node" : "pod";
    model.sandboxes.push(sampleSandbox({ attempt: plan.sandboxAttempt, createdAtNanos: nanos(model.nowMs), network }));
  }
  for (const one of plan.containersToStart) start(model, plan, one);
};

/** Whether a plan changes anything. */
export const isQuiet = (plan: PodPlan): boolean =>
  plan.killPod === undefined &&
  plan.createSandbox === undefined &&
  plan.containersToKill.length + plan.containersToRemove.length + plan.sandboxesToRemove.length + plan.containersToStart.length === 0;
