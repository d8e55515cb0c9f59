import type { ContainerState, ContainerStatus, PodStatus } from "@nk/pod-model";

const endText = (state: ContainerState | undefined): string =>
  state?.terminated === undefined ? "" : `${state.terminated.reason} ${state.terminated.exitCode}`;

const stateText = ({ state, ready, started }: ContainerStatus): string => {
  if (state?.running !== undefined) return `running${started === false ? ", not started" : ""}${ready ? ", ready" : ""}`;
  if (state?.terminated !== undefined) return `ended: ${endText(state)}`;
  return `waits: ${state?.waiting?.reason ?? "for no reason"}`;
};

const containerText = (status: ContainerStatus): string => {
  const before = endText(status.lastState);
  const restarts = status.restartCount === 0 ? "" : `, restarts ${status.restartCount}`;
  return `${status.name} ${stateText(status)}${restarts}${before === "" ? "" : `, before: ${before}`}`;
};

const conditionText = (status: PodStatus, type: string): string => {
  const found = status.conditions?.find((condition) => condition.type === type);
  if (found === undefined) return "";
  return `, ${found.status === "True" ? type : `not ${type}`}${found.reason === undefined ? "" : ` (${found.reason})`}`;
};

/** A status in the words of the scenarios: the pod, then each container. */
export const describeStatus = (status: PodStatus | undefined): readonly string[] => {
  if (status === undefined) return ["the pod is gone"];
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = status;
  return [
    `pod ${status.phase}${conditionText(status, "Initialized")}${conditionText(status, "Ready")}${conditionText(status, "AllContainersRestarting")}`,
    ...[...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses].map(containerText),
  ];
};
