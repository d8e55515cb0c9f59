import type { RuntimeContainerStatus } from "@nk/pod-model";
import { planStart } from "./plan-view.ts";
import type { PlanView, StartRequest } from "./plan-view.ts";
import type { ContainerKill, ContainerStart, KillReason, PlanWait } from "./pod-plan.ts";

/** Steps while they are collected; only the function that made it changes it. */
export interface PlanSteps {
  readonly kills: ContainerKill[];
  readonly starts: ContainerStart[];
  readonly waits: PlanWait[];
}

/** No steps yet. */
export const newPlanSteps = (): PlanSteps => ({ kills: [], starts: [], waits: [] });

/** Adds the start, or the wait for its back-off. */
export const addStart = (steps: PlanSteps, view: PlanView, request: StartRequest): void => {
  const { start, wait } = planStart(view, request);
  if (start === undefined) steps.waits.push(wait);
  else steps.starts.push(start);
};

/** Adds the kill of one instance. */
export const addKill = (
  steps: PlanSteps,
  instance: Pick<RuntimeContainerStatus, "id" | "name">,
  why: { readonly reason: KillReason; readonly message: string; readonly graceOverrideSeconds?: number },
): void => {
  steps.kills.push({ id: instance.id, name: instance.name, ...why });
};
