import type { Pod, RuntimePodStatus } from "@nk/pod-model";
import { planAppContainers, planEphemeralContainers, planStrangers } from "./app-containers.ts";
import { planInitContainers } from "./init-containers.ts";
import type { PlanInput } from "./plan-input.ts";
import { addStart, newPlanSteps } from "./plan-steps.ts";
import type { PlanSteps } from "./plan-steps.ts";
import { createPlanView } from "./plan-view.ts";
import type { PlanView } from "./plan-view.ts";
import type { PodPlan } from "./pod-plan.ts";
import { listEmptySandboxes, planRemovals } from "./removals.ts";
import { planResize } from "./resize.ts";
import type { PlanResize } from "./resize.ts";
import { planRestartAll } from "./restart-all.ts";
import { decideRestart, restartsOnFailure } from "./restart-policy.ts";
import { decideSandbox } from "./sandbox-decision.ts";
import type { SandboxDecision } from "./sandbox-decision.ts";

const NOTHING = { containersToKill: [], containersToRemove: [], sandboxesToRemove: [], containersToStart: [], waits: [] } as const;

const merge = (...parts: readonly PlanSteps[]): PlanSteps => ({
  kills: parts.flatMap((part) => part.kills),
  starts: parts.flatMap((part) => part.starts),
  waits: parts.flatMap((part) => part.waits),
});

const earliestRetry = (steps: PlanSteps): { readonly retryAtMs?: number } => {
  const times = steps.waits.flatMap((wait) => (wait.on === "crash-backoff" ? [wait.untilMs] : []));
  return times.length === 0 ? {} : { retryAtMs: Math.min(...times) };
};

/** Whether some container of the pod may run again after the loss of its sandbox. */
const canRunAgain = (pod: Pod): boolean => {
  if (pod.metadata?.deletionTimestamp !== undefined) return false;
  return (pod.spec?.containers ?? []).some((container) => restartsOnFailure(pod, container));
};

/** App containers that a new sandbox would be for. */
const appsToStart = (view: PlanView): PlanSteps => {
  const steps = newPlanSteps();
  for (const spec of view.pod.spec?.containers ?? []) {
    const newest = view.newest(spec.name);
    if (newest?.state === "exited" && decideRestart(view.pod, spec, newest) === "leave") continue;
    addStart(steps, view, {
      spec,
      kind: "app",
      reason: newest === undefined ? "missing" : newest.state === "created" ? "never-started" : "ended",
    });
  }
  return steps;
};

const planReplacement = (view: PlanView, decision: Extract<SandboxDecision, { type: "replace" }>): PodPlan => {
  const { pod, observed } = view;
  const base = {
    ...NOTHING,
    sandboxAttempt: decision.attempt,
    ...(decision.sandboxId !== undefined && { sandboxId: decision.sandboxId }),
    isInitialized: false,
  };
  const hadContainers = (observed?.containers.length ?? 0) > 0;
  if (!canRunAgain(pod) && decision.attempt !== 0 && hadContainers) return { ...base, killPod: "sandbox-gone", isFinished: true };
  const apps = appsToStart(view);
  if (apps.starts.length === 0 && apps.waits.length === 0) return { ...base, killPod: "sandbox-gone", isFinished: true };

  const first = pod.spec?.initContainers?.[0];
  // A crash back-off says nothing about init containers that start over in a new sandbox for a reason that is not theirs.
  const steps = first === undefined ? apps : planInitContainers(view).steps;
  const hasRemains = hadContainers || (observed?.sandboxes.length ?? 0) > 0;
  return {
    ...base,
    ...(hasRemains && { killPod: "sandbox-changed" }),
    createSandbox: decision.change,
    containersToRemove: planRemovals(view, { starts: steps.starts, isSandboxReplaced: true }),
    containersToStart: steps.starts,
    waits: steps.waits,
    ...earliestRetry(steps),
    isFinished: false,
  };
};

const planInPlace = (view: PlanView, decision: Extract<SandboxDecision, { type: "keep" }>): PodPlan => {
  const base = { ...NOTHING, sandboxAttempt: decision.attempt, sandboxId: decision.sandboxId };
  const restartAll = planRestartAll(view);
  if (restartAll?.type === "restart") {
    const { kills, removals, source, nextBackoffMs } = restartAll;
    return {
      ...base,
      containersToKill: kills,
      containersToRemove: removals,
      restartAll: { source, nextBackoffMs },
      isInitialized: false,
      isFinished: false,
    };
  }
  const waiting = newPlanSteps();
  if (restartAll !== undefined) waiting.waits.push(restartAll.wait);

  const init = planInitContainers(view);
  if (init.hasFailed) return { ...base, killPod: "init-failed", isInitialized: false, isFinished: true };
  const apps = init.isInitialized ? planAppContainers(view) : undefined;
  if (apps?.isAlive === false) {
    return {
      ...base,
      killPod: "finished",
      containersToRemove: planRemovals(view, { starts: [], isSandboxReplaced: false }),
      isInitialized: true,
      isFinished: true,
    };
  }
  const steps = merge(planStrangers(view), planEphemeralContainers(view), init.steps, apps?.steps ?? newPlanSteps(), waiting);
  return {
    ...base,
    containersToKill: steps.kills,
    containersToRemove: planRemovals(view, { starts: steps.starts, isSandboxReplaced: false }),
    sandboxesToRemove: listEmptySandboxes(view.observed),
    containersToStart: steps.starts,
    waits: steps.waits,
    ...earliestRetry(steps),
    isInitialized: init.isInitialized,
    isFinished: false,
  };
};

/** What is killed first needs nothing any more: a runtime would refuse to change it, or to tell what it uses. */
const resizeOfSurvivors = (view: PlanView, plan: PodPlan): PlanResize | undefined => {
  const resize = planResize(view);
  if (resize === undefined) return undefined;
  const killed = new Set(plan.containersToKill.map(({ id }) => id));
  const containers = plan.killPod === undefined ? resize.containers.filter(({ id }) => !killed.has(id)) : [];
  return resize.pod.length === 0 && containers.length === 0 ? undefined : { ...resize, containers };
};

/**
 * Decides what one pass over a pod has to do, from nothing but its arguments (reference: computePodActions, kuberuntime_manager.go).
 * Meant for a pod that is to run; a pod that is to end needs no plan.
 */
export const computePlan = (input: PlanInput): PodPlan => {
  const decision = decideSandbox(input.pod, input.observed);
  const view = createPlanView(input, decision.type === "replace" ? undefined : decision.sandboxId);
  const plan = decision.type === "replace" ? planReplacement(view, decision) : planInPlace(view, decision);
  const resize = plan.isFinished ? undefined : resizeOfSurvivors(view, plan);
  return resize === undefined ? plan : { ...plan, resize };
};

/** Containers that run or may run: what a kill has to deal with. */
export const listLiveContainers = (observed: RuntimePodStatus | undefined): RuntimePodStatus["containers"] =>
  observed?.containers.filter((container) => container.state === "running" || container.state === "unknown") ?? [];
