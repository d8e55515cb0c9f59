import { isSidecar } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";

/**
 * For each running container, the names of the running containers that must have ended before it is told to stop: a sidecar waits for
 * every app container and for every sidecar declared after it; all others wait for nothing (reference: kuberuntime_termination_order.go).
 */
export const computeKillOrder = (pod: Pod, runningNames: readonly string[]): ReadonlyMap<string, readonly string[]> => {
  const running = new Set(runningNames);
  const apps = (pod.spec?.containers ?? []).map((container) => container.name).filter((name) => running.has(name));
  const sidecars = (pod.spec?.initContainers ?? [])
    .filter((container) => isSidecar(container) && running.has(container.name))
    .map((container) => container.name);
  return new Map(
    runningNames.map((name) => {
      const index = sidecars.indexOf(name);
      return [name, index === -1 ? [] : [...apps, ...sidecars.slice(index + 1)]];
    }),
  );
};
