import { compareQuantities, listContainers, parseQuantity } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import type { Engine } from "../machine.ts";

/** Shows how many resizes wait and how many are under way. */
export const measureResizes = (engine: Engine): void => {
  const { pendingResizes, resizesInProgress } = engine.settings.metrics;
  const counts = { deferred: 0, infeasible: 0 };
  let running = 0;
  for (const { resize } of engine.workers.values()) {
    if (resize.pending !== undefined) counts[resize.pending.reason === "Infeasible" ? "infeasible" : "deferred"] += 1;
    if (resize.inProgress !== undefined) running += 1;
  }
  for (const [reason, count] of Object.entries(counts)) pendingResizes.set(count, { reason });
  resizesInProgress.set(running);
};

const operationOf = (before: string, after: string): string | undefined => {
  const [old, now] = [parseQuantity(before), parseQuantity(after)];
  const order = compareQuantities(now, old);
  if (order === 0) return undefined;
  if (now.nanos === 0n) return "remove";
  if (old.nanos === 0n) return "add";
  return order < 0 ? "decrease" : "increase";
};

/** Counts what a new version asks for, amount by amount; an amount that is none is not counted. */
export const countRequests = (engine: Engine, before: Pod, after: Pod): void => {
  const known = new Map(listContainers(before).map((container) => [container.name, container]));
  for (const { name, resources } of listContainers(after)) {
    const old = known.get(name)?.resources;
    for (const resource of ["memory", "cpu"] as const) {
      for (const requirement of ["requests", "limits"] as const) {
        try {
          const operation = operationOf(old?.[requirement]?.[resource] ?? "0", resources?.[requirement]?.[resource] ?? "0");
          if (operation !== undefined) engine.settings.metrics.requestedResizes.inc({ resource, requirement, operation });
        } catch (error) {
          engine.settings.logger.debug("amount of a resize is not counted", { container: name, resource, error });
        }
      }
    }
  }
};
