import { hasRestartAlways } from "@nk/pod-model";
import type { Container, ContainerStatus, Pod, PodStatus } from "@nk/pod-model";
import { mayRestart } from "../may-restart.ts";
import { mayRestartAll } from "../restart-all.ts";

const revived = (
  pod: Pod,
  containers: readonly Container[],
  statuses: { readonly before: readonly ContainerStatus[]; readonly after: readonly ContainerStatus[] },
): string | undefined => {
  for (const { name, state, restartCount } of statuses.before) {
    if (state?.terminated === undefined) continue;
    const container = containers.find((one) => one.name === name);
    if (container !== undefined && mayRestart(pod, container, state.terminated.exitCode)) continue;
    const now = statuses.after.find((one) => one.name === name);
    // Counted as a restart it is one: a changed image replaces a container whatever its policy.
    if (now !== undefined && now.state?.terminated === undefined && now.restartCount <= restartCount) return name;
  }
  return undefined;
};

/**
 * The name of a container that had ended for good in `before` and has not in `after`; undefined when there is none. Nobody may be told so:
 * a Job would count a finished pod as running (checkContainerStateTransition, pkg/kubelet/status in the reference).
 */
export const findRevivedContainer = (pod: Pod, before: PodStatus, after: PodStatus): string | undefined => {
  if (pod.spec?.restartPolicy === undefined || pod.spec.restartPolicy === "Always") return undefined;
  const { initContainers = [], containers } = pod.spec;
  if (mayRestartAll(pod)) return undefined;
  const regularInit = initContainers.filter((container) => !hasRestartAlways(container));
  const isRegularInit = ({ name }: ContainerStatus): boolean => regularInit.some((container) => container.name === name);
  return (
    revived(pod, containers, { before: before.containerStatuses ?? [], after: after.containerStatuses ?? [] }) ??
    revived(pod, regularInit, {
      before: (before.initContainerStatuses ?? []).filter(isRegularInit),
      after: after.initContainerStatuses ?? [],
    })
  );
};
