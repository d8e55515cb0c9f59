import type { PodPlan } from "../plan/pod-plan.ts";

/** One reason a pass has, as `onDecision` gets it. */
export interface Decision {
  readonly text: string;
  readonly fields: { readonly [key: string]: unknown };
}

/** The plan in the words of a person, one sentence for each step. Empty when there is nothing to do. */
export const explainPlan = (plan: PodPlan): readonly Decision[] => {
  const decisions: Decision[] = [];
  const say = (text: string, fields: Decision["fields"] = {}): void => void decisions.push({ text, fields });
  if (plan.killPod !== undefined) say("kill the pod", { reason: plan.killPod });
  if (plan.createSandbox !== undefined) say("create a sandbox", { reason: plan.createSandbox, attempt: plan.sandboxAttempt });
  if (plan.restartAll !== undefined) say("restart all containers in place", { source: plan.restartAll.source });
  for (const { name, id, reason } of plan.containersToKill) say("kill a container", { container: name, id, reason });
  for (const { name, id, reason } of plan.containersToRemove) say("remove a container", { container: name, id, reason });
  for (const id of plan.sandboxesToRemove) say("remove a sandbox", { id });
  if (plan.resize !== undefined) {
    if (plan.resize.pod.length > 0) say("resize the pod's cgroup", { resources: plan.resize.pod });
    for (const { name, id, resource } of plan.resize.containers) say("resize a container", { container: name, id, resource });
  }
  for (const { name, kind, reason, attempt } of plan.containersToStart)
    say("start a container", { container: name, kind, reason, attempt });
  for (const { on, ...wait } of plan.waits) say("wait", { on, ...wait });
  return decisions;
};
