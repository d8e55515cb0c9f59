import type { ContainerRestartRule, Pod, RuntimeContainerStatus } from "@nk/pod-model";
import type { ContainerSpec } from "./pod-plan.ts";

/** What a container's end calls for. */
export type RestartDecision = "restart" | "restart-all" | "leave";

const matches = (rule: ContainerRestartRule, exitCode: number): boolean => {
  if (rule.exitCodes === undefined) return false;
  const listed = rule.exitCodes.values?.includes(exitCode) ?? false;
  return rule.exitCodes.operator === "NotIn" ? !listed : listed;
};

/** The container's own policy, else the pod's; the API defaults the latter to Always. */
export const restartPolicyOf = (pod: Pod, container: Pick<ContainerSpec, "restartPolicy">): string =>
  container.restartPolicy ?? pod.spec?.restartPolicy ?? "Always";

/** Whether an end with an error may lead to a restart under the policies alone (rules need an exit code). */
export const restartsOnFailure = (pod: Pod, container: Pick<ContainerSpec, "restartPolicy">): boolean =>
  restartPolicyOf(pod, container) !== "Never";

/**
 * Whether a container that ended is started again: the first rule that matches its exit code, else its own policy, else the pod's
 * (reference: ShouldContainerBeRestarted, pkg/kubelet/container/helpers.go, and KEP-5307). A pod that is being deleted restarts nothing.
 */
export const decideRestart = (
  pod: Pod,
  container: Pick<ContainerSpec, "restartPolicy" | "restartPolicyRules">,
  ended: Pick<RuntimeContainerStatus, "exitCode">,
): RestartDecision => {
  if (pod.metadata?.deletionTimestamp !== undefined) return "leave";
  const rule = container.restartPolicyRules?.find((candidate) => matches(candidate, ended.exitCode));
  if (rule?.action === "RestartAllContainers") return "restart-all";
  if (rule?.action === "Restart") return "restart";
  switch (restartPolicyOf(pod, container)) {
    case "Never":
      return "leave";
    case "OnFailure":
      return ended.exitCode === 0 ? "leave" : "restart";
    default:
      return "restart";
  }
};

/** Whether a regular init container that ended did not do its work. */
export const isFailedInit = (ended: Pick<RuntimeContainerStatus, "exitCode" | "reason">): boolean =>
  ended.exitCode !== 0 || ended.reason === "OOMKilled";
