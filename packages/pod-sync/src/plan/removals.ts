import type { RuntimeContainerStatus, RuntimePodStatus } from "@nk/pod-model";
import type { PlanView } from "./plan-view.ts";
import type { ContainerRemoval, ContainerStart } from "./pod-plan.ts";

/** What {@link planRemovals} takes beside the view. */
export interface RemovalInput {
  /** What the plan starts; of these an instance that never started makes room. */
  readonly starts: readonly ContainerStart[];
  /** The sandbox is replaced: init containers start over, and their instances would be taken for progress by another kubelet. */
  readonly isSandboxReplaced: boolean;
}

const toRemoval = (container: RuntimeContainerStatus, reason: ContainerRemoval["reason"]): ContainerRemoval => ({
  id: container.id,
  name: container.name,
  reason,
});

/** At most one dead instance of each container stays, for its last state and its logs; the newest (reference: container GC's default). */
export const planRemovals = (view: PlanView, input: RemovalInput): readonly ContainerRemoval[] => {
  const initNames = new Set((view.pod.spec?.initContainers ?? []).map((container) => container.name));
  const restarted = new Set(input.starts.map((start) => start.name));
  const removals: ContainerRemoval[] = [];
  for (const [name, instances] of Map.groupBy(view.observed?.containers ?? [], (container) => container.name)) {
    let kept = 0;
    for (const [index, instance] of instances.entries()) {
      if (instance.state === "running" || instance.state === "unknown") continue;
      if (input.isSandboxReplaced && initNames.has(name)) removals.push(toRemoval(instance, "sandbox-changed"));
      else if (instance.state === "created") {
        if (index > 0 || restarted.has(name)) removals.push(toRemoval(instance, "never-started"));
      } else if (kept > 0) removals.push(toRemoval(instance, "superseded"));
      else kept += 1;
    }
  }
  return removals;
};

/** Sandboxes that are neither the newest nor ready and that hold no container any more (reference: sandbox GC of a pod that lives). */
export const listEmptySandboxes = (observed: RuntimePodStatus | undefined): readonly string[] => {
  const used = new Set(observed?.containers.map((container) => container.sandboxId));
  return (observed?.sandboxes.slice(1) ?? []).filter(({ id, state }) => state === "notready" && !used.has(id)).map(({ id }) => id);
};
