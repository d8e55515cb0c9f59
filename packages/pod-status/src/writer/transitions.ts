import { hasRestartAlways } from "@nk/pod-model";
import type { Container, ContainerRestartRule, ContainerStatus, Pod, PodStatus } from "@nk/pod-model";

const matches = ({ exitCodes }: ContainerRestartRule, exitCode: number): boolean => {
  if (exitCodes === undefined) return false;
  const isListed = exitCodes.values?.includes(exitCode) === true;
  return exitCodes.operator === "NotIn" ? !isListed : isListed;
};

/** Whether a container that ended so may be started again, whatever became of the pod since. */
const mayRestart = (pod: Pod, container: Container, exitCode: number): boolean => {
  if (container.restartPolicyRules?.some((rule) => matches(rule, exitCode)) === true) return true;
  const policy = container.restartPolicy ?? pod.spec?.restartPolicy ?? "Always";
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
};

const revived = (
  pod: Pod,
  containers: readonly Container[],
  statuses: { readonly before: readonly ContainerStatus[]; readonly after: readonly ContainerStatus[] },
): string | undefined => {
  for (const { name, state } of statuses.before) {
    if (state?.terminated === undefined) continue;
    const container = containers.find((one) => one.name === name);
    if (container !== undefined && mayRestart(pod, container, state.terminated.exitCode)) continue;
    const now = statuses.after.find((one) => one.name === name);
    if (now !== undefined && now.state?.terminated === undefined) return name;
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
  const restartsAll = [...initContainers, ...containers].some(({ restartPolicyRules }) =>
    restartPolicyRules?.some(({ action }) => action === "RestartAllContainers"),
  );
  if (restartsAll) return undefined;
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
