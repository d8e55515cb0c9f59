import { isSidecar } from "@nk/pod-model";
import type { Container, RuntimeContainerStatus } from "@nk/pod-model";
import { addKill, addStart, newPlanSteps } from "./plan-steps.ts";
import type { PlanSteps } from "./plan-steps.ts";
import { isDefinitionChanged } from "./plan-view.ts";
import type { PlanView, StartRequest } from "./plan-view.ts";
import { decideResize } from "./resize.ts";
import { decideRestart, isFailedInit, restartsOnFailure } from "./restart-policy.ts";

/** How far initialisation is, and what to do for it. */
export interface InitOutcome {
  /** App containers may run. */
  readonly isInitialized: boolean;
  /** A regular init container failed and may not be started again: the pod has failed. */
  readonly hasFailed: boolean;
  readonly steps: PlanSteps;
}

/** What one init container means for those after it. `passed`: the next may start. */
type Progress = "passed" | "pending" | "failed";

const startRequest = (spec: Container, reason: StartRequest["reason"]): StartRequest => ({
  spec,
  kind: isSidecar(spec) ? "sidecar" : "init",
  reason,
});

const replace = (
  steps: PlanSteps,
  view: PlanView,
  target: { spec: Container; instance: RuntimeContainerStatus; fault: SidecarFault },
): void => {
  addKill(steps, target.instance, { reason: target.fault.reason, message: `Init container ${target.spec.name} ${target.fault.text}` });
  addStart(steps, view, startRequest(target.spec, "replaced"));
};

interface SidecarFault {
  readonly reason: "startup" | "liveness" | "definition-changed";
  readonly text: string;
}

const killUnknown = (steps: PlanSteps, view: PlanView, target: { spec: Container; instance: RuntimeContainerStatus }): void => {
  addKill(steps, target.instance, {
    reason: "unknown-state",
    message: `Init container is in "unknown" state, try killing it before restart`,
  });
  addStart(steps, view, startRequest(target.spec, "replaced"));
};

const runningSidecar = (steps: PlanSteps, view: PlanView, target: { spec: Container; instance: RuntimeContainerStatus }): Progress => {
  const { spec, instance } = target;
  const { liveness, startup } = view.probes(instance.id);
  if (spec.startupProbe !== undefined && startup !== "success") {
    if (startup === "failure") replace(steps, view, { ...target, fault: { reason: "startup", text: "failed startup probe" } });
    else steps.waits.push({ on: "startup-probe", container: spec.name });
    return "pending";
  }
  // It has started once, so those after it need not wait while it is replaced.
  if (isDefinitionChanged(spec, instance)) {
    replace(steps, view, { ...target, fault: { reason: "definition-changed", text: "definition changed" } });
  } else if (liveness === "failure") {
    replace(steps, view, { ...target, fault: { reason: "liveness", text: "failed liveness probe" } });
  } else if (decideResize(view.facts.resize, spec, instance).restarts) {
    addKill(steps, instance, { reason: "resize", message: `Container ${spec.name} resize requires restart` });
    addStart(steps, view, startRequest(spec, "replaced"));
  }
  return "passed";
};

const sidecarProgress = (steps: PlanSteps, view: PlanView, spec: Container): Progress => {
  const instance = view.current(spec.name);
  switch (instance?.state) {
    case undefined:
      addStart(steps, view, startRequest(spec, "missing"));
      return "pending";
    case "created":
      addStart(steps, view, startRequest(spec, "never-started"));
      return "pending";
    case "running":
      return runningSidecar(steps, view, { spec, instance });
    case "exited":
      if (decideRestart(view.pod, spec, instance) === "restart") addStart(steps, view, startRequest(spec, "ended"));
      return "pending";
    case "unknown":
      killUnknown(steps, view, { spec, instance });
      return "pending";
  }
};

const endedInit = (steps: PlanSteps, view: PlanView, target: { spec: Container; instance: RuntimeContainerStatus }): Progress => {
  const { spec, instance } = target;
  if (!isFailedInit(instance)) return "passed";
  // Killed by the kernel counts as a failure whatever number came out of it.
  const exitCode = instance.exitCode === 0 ? 137 : instance.exitCode;
  switch (decideRestart(view.pod, spec, { exitCode })) {
    case "restart":
      addStart(steps, view, startRequest(spec, "ended"));
      return "pending";
    case "restart-all":
      return "pending";
    case "leave":
      return view.pod.metadata?.deletionTimestamp === undefined ? "failed" : "pending";
  }
};

const regularProgress = (steps: PlanSteps, view: PlanView, spec: Container): Progress => {
  const instance = view.current(spec.name);
  switch (instance?.state) {
    case undefined:
      addStart(steps, view, startRequest(spec, "missing"));
      return "pending";
    case "created":
      addStart(steps, view, startRequest(spec, "never-started"));
      return "pending";
    case "running":
      steps.waits.push({ on: "init-exit", container: spec.name });
      return "pending";
    case "exited":
      return endedInit(steps, view, { spec, instance });
    case "unknown":
      if (!restartsOnFailure(view.pod, spec)) return "failed";
      killUnknown(steps, view, { spec, instance });
      return "pending";
  }
};

/** Whether any app container has an instance in the sandbox that stays, running or not: then all init containers were done with. */
const hasStartedApps = (view: PlanView): boolean =>
  (view.pod.spec?.containers ?? []).some((container) => view.current(container.name) !== undefined);

/**
 * Init containers run one after another; the next starts when the one before has exited with 0 or, being a sidecar, has started.
 * Only instances in the current sandbox count. How far it got is read from the last one that has an instance, because earlier ones may
 * have been garbage-collected (reference: computeInitContainerActions, kuberuntime_container.go). Once app containers exist only
 * sidecars are looked after.
 */
export const planInitContainers = (view: PlanView): InitOutcome => {
  const containers = view.pod.spec?.initContainers ?? [];
  const steps = newPlanSteps();
  const done = hasStartedApps(view);
  const frontier = done ? containers.length - 1 : containers.findLastIndex((container) => view.current(container.name) !== undefined);
  let progress: Progress = "passed";
  let pendingSidecar: string | undefined;
  for (const [index, spec] of containers.entries()) {
    if (index > frontier + 1 || (index === frontier + 1 && progress !== "passed")) break;
    if (isSidecar(spec)) progress = sidecarProgress(steps, view, spec);
    else if (index < frontier || done) progress = "passed";
    else progress = regularProgress(steps, view, spec);
    const isBeingStarted = progress === "pending" && isSidecar(spec) && steps.starts.at(-1)?.name === spec.name;
    pendingSidecar = isBeingStarted ? spec.name : undefined;
    if (progress === "failed") return { isInitialized: false, hasFailed: true, steps: newPlanSteps() };
  }
  if (done) return { isInitialized: true, hasFailed: false, steps };
  const isLastPassed = progress === "passed" && frontier === containers.length - 1;
  if (pendingSidecar !== undefined) steps.waits.push({ on: "sidecar-start", container: pendingSidecar });
  return { isInitialized: isLastPassed, hasFailed: false, steps };
};
