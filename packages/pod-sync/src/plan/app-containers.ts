import type { Container, RuntimeContainerStatus } from "@nk/pod-model";
import { addKill, addStart, newPlanSteps } from "./plan-steps.ts";
import type { PlanSteps } from "./plan-steps.ts";
import { isDefinitionChanged } from "./plan-view.ts";
import type { PlanView } from "./plan-view.ts";
import type { KillReason } from "./pod-plan.ts";
import { decideResize } from "./resize.ts";
import { decideRestart, restartsOnFailure } from "./restart-policy.ts";

/** What to do for the app containers of an initialised pod. */
export interface AppOutcome {
  /** At least one runs, is to be started, waits for its back-off, or is about to end in a way that is not known yet. */
  readonly isAlive: boolean;
  readonly steps: PlanSteps;
}

interface Fault {
  readonly reason: KillReason;
  readonly text: string;
  /** Whether it is started again whatever the policy says. */
  readonly alwaysRestarts: boolean;
}

const faultOf = (view: PlanView, spec: Container, running: RuntimeContainerStatus): Fault | undefined => {
  const { liveness, startup } = view.probes(running.id);
  const { name } = spec;
  if (isDefinitionChanged(spec, running)) {
    return { reason: "definition-changed", text: `Container ${name} definition changed`, alwaysRestarts: true };
  }
  if (running.sandboxId !== view.sandboxId) {
    return { reason: "old-sandbox", text: `Container ${name} runs in a sandbox that was replaced`, alwaysRestarts: true };
  }
  if (liveness === "failure") return { reason: "liveness", text: `Container ${name} failed liveness probe`, alwaysRestarts: false };
  if (startup === "failure") return { reason: "startup", text: `Container ${name} failed startup probe`, alwaysRestarts: false };
  if (decideResize(view.facts.resize, spec, running).restarts) {
    return { reason: "resize", text: `Container ${name} resize requires restart`, alwaysRestarts: true };
  }
  return undefined;
};

const planRunning = (steps: PlanSteps, view: PlanView, target: { spec: Container; running: RuntimeContainerStatus }): void => {
  const fault = faultOf(view, target.spec, target.running);
  if (fault === undefined) return;
  // By the policies alone: rules depend on the exit code, and where a policy says Never the next plan asks them.
  const restarts = fault.alwaysRestarts || restartsOnFailure(view.pod, target.spec);
  addKill(steps, target.running, {
    reason: fault.reason,
    message: restarts && fault.reason !== "resize" ? `${fault.text}, will be restarted` : fault.text,
  });
  if (restarts) addStart(steps, view, { spec: target.spec, kind: "app", reason: "replaced" });
};

/** Returns whether the container keeps the pod alive. */
const planApp = (steps: PlanSteps, view: PlanView, spec: Container): boolean => {
  const newest = view.newest(spec.name);
  if (newest?.state === "running") {
    planRunning(steps, view, { spec, running: newest });
    return true;
  }
  if (view.pod.metadata?.deletionTimestamp !== undefined) return false;
  switch (newest?.state) {
    case undefined:
      addStart(steps, view, { spec, kind: "app", reason: "missing" });
      return true;
    case "created":
      addStart(steps, view, { spec, kind: "app", reason: "never-started" });
      return true;
    case "unknown":
      // It may be running after all, and two instances must not be.
      addKill(steps, newest, { reason: "unknown-state", message: `Container is in "unknown" state, try killing it before restart` });
      addStart(steps, view, { spec, kind: "app", reason: "replaced" });
      return true;
    case "exited": {
      const decision = decideRestart(view.pod, spec, newest);
      // What ended in a sandbox that was replaced can ask for no restart of all: they have all been started anew since.
      const restarts = decision === "restart" || (decision === "restart-all" && newest.sandboxId !== view.sandboxId);
      if (restarts) addStart(steps, view, { spec, kind: "app", reason: "ended" });
      return decision !== "leave";
    }
  }
};

/** Starts what is missing or ended, and kills what runs but may not (reference: computePodActions, kuberuntime_manager.go). */
export const planAppContainers = (view: PlanView): AppOutcome => {
  const steps = newPlanSteps();
  let isAlive = false;
  for (const spec of view.pod.spec?.containers ?? []) if (planApp(steps, view, spec)) isAlive = true;
  return { isAlive, steps };
};

/** Ephemeral containers start once, before and beside everything else, and never again. */
export const planEphemeralContainers = (view: PlanView): PlanSteps => {
  const steps = newPlanSteps();
  for (const spec of view.pod.spec?.ephemeralContainers ?? []) {
    if (view.newest(spec.name) === undefined) addStart(steps, view, { spec, kind: "ephemeral", reason: "missing" });
  }
  return steps;
};

/** Running containers that the pod no longer defines: a static pod with a UID of its own may lose one. The reference lets them run. */
export const planStrangers = (view: PlanView): PlanSteps => {
  const steps = newPlanSteps();
  const { initContainers = [], containers = [], ephemeralContainers = [] } = view.pod.spec ?? {};
  const known = new Set([...initContainers, ...containers, ...ephemeralContainers].map((container) => container.name));
  for (const container of view.observed?.containers ?? []) {
    if (container.state !== "running" || known.has(container.name)) continue;
    addKill(steps, container, { reason: "not-in-spec", message: `Container ${container.name} is not part of the pod` });
  }
  return steps;
};
