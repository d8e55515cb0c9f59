import type { RuntimeContainerStatus } from "@nk/pod-model";
import { backoffOf } from "./plan-view.ts";
import type { PlanView } from "./plan-view.ts";
import { addKill, newPlanSteps } from "./plan-steps.ts";
import type { ContainerKill, ContainerRemoval, ContainerSpec, PlanWait } from "./pod-plan.ts";
import { decideRestart } from "./restart-policy.ts";

/** A container ended in a way whose rule restarts the whole pod in place. */
export type RestartAllOutcome =
  | { readonly type: "wait"; readonly wait: PlanWait }
  | {
      readonly type: "restart";
      readonly source: string;
      readonly nextBackoffMs: number;
      readonly kills: readonly ContainerKill[];
      readonly removals: readonly ContainerRemoval[];
    };

const findSource = (view: PlanView): { readonly spec: ContainerSpec; readonly ended: RuntimeContainerStatus } | undefined => {
  for (const spec of [...(view.pod.spec?.initContainers ?? []), ...(view.pod.spec?.containers ?? [])]) {
    const ended = view.current(spec.name);
    if (ended?.state === "exited" && decideRestart(view.pod, spec, ended) === "restart-all") return { spec, ended };
  }
  return undefined;
};

/**
 * Action RestartAllContainers (KEP-5532): everything is killed without grace and removed, the container whose end caused it last, so
 * that a kubelet that dies half-way does the rest again. The reference does so at once; here it waits for the source's crash back-off,
 * because with the instances gone nothing else would slow a loop down.
 */
export const planRestartAll = (view: PlanView): RestartAllOutcome | undefined => {
  const source = findSource(view);
  if (source === undefined) return undefined;
  const backoff = backoffOf(view, source.spec);
  if (backoff?.type === "wait") {
    const { untilMs, backoffMs } = backoff;
    return { type: "wait", wait: { on: "crash-backoff", container: source.spec.name, containerId: source.ended.id, untilMs, backoffMs } };
  }
  const steps = newPlanSteps();
  const removals: ContainerRemoval[] = [];
  for (const container of view.observed?.containers ?? []) {
    if (container.state === "running" || container.state === "unknown") {
      addKill(steps, container, { reason: "restart-all", message: `Stopping container ${container.name}`, graceOverrideSeconds: 0 });
    }
    if (container.id !== source.ended.id) removals.push({ id: container.id, name: container.name, reason: "restart-all" });
  }
  removals.push({ id: source.ended.id, name: source.ended.name, reason: "restart-all" });
  const nextBackoffMs = backoff?.nextBackoffMs ?? view.facts.backoffLimits.initialMs;
  return { type: "restart", source: source.spec.name, nextBackoffMs, kills: steps.kills, removals };
};
