import type { Container, ContainerRestartRule, Pod } from "@nk/pod-model";

const matches = ({ exitCodes }: ContainerRestartRule, exitCode: number): boolean => {
  if (exitCodes === undefined) return false;
  const isListed = exitCodes.values?.includes(exitCode) === true;
  return exitCodes.operator === "NotIn" ? !isListed : isListed;
};

/** The first of a container's rules that speaks of an end with this code. */
export const findRestartRule = (container: Container, exitCode: number): ContainerRestartRule | undefined =>
  container.restartPolicyRules?.find((rule) => matches(rule, exitCode));

/** Whether a container that ended so may be started again, whatever became of the pod since. */
export const mayRestart = (pod: Pod, container: Container, exitCode: number): boolean => {
  if (findRestartRule(container, exitCode) !== undefined) return true;
  const policy = container.restartPolicy ?? pod.spec?.restartPolicy ?? "Always";
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
};
