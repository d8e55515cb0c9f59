import { isSidecar } from "@nk/pod-model";
import type { ContainerStatus, Pod, PodStatus } from "@nk/pod-model";
import { UNKNOWN_EXIT } from "./container-state.ts";
import { isFinal } from "./phase.ts";

const hasStartedOnce = ({ state, lastState }: ContainerStatus): boolean =>
  state?.waiting === undefined || lastState?.terminated !== undefined;

/**
 * Whether the app containers' turn had come: without init containers always, else when one of them started or the last init container was done.
 * What counts is what the API showed when the pod was stopped: an init container that exits with 0 because it is told to has not done its work.
 */
const hadInitialised = (pod: Pod, status: PodStatus): boolean => {
  const last = pod.spec?.initContainers?.at(-1);
  if (last === undefined || (status.containerStatuses ?? []).some(hasStartedOnce)) return true;
  const shown = (pod.status ?? status).initContainerStatuses?.at(-1);
  if (isSidecar(last)) return shown?.state?.running !== undefined && shown.started === true;
  return shown?.state?.terminated?.exitCode === 0 || shown?.lastState?.terminated?.exitCode === 0;
};

/** Whether the books were closed before, and app containers left waiting. */
const wasLeftWaiting = (previous: PodStatus | undefined): boolean =>
  isFinal(previous?.phase) && (previous?.containerStatuses ?? []).some((container) => !hasStartedOnce(container));

const close = (container: ContainerStatus): ContainerStatus =>
  container.state?.terminated === undefined
    ? {
        ...container,
        state: { terminated: { ...UNKNOWN_EXIT, message: "The container could not be located when the pod was terminated" } },
      }
    : container;

/**
 * Closes the books on a pod that is stopped for good: a container whose turn had come and that never got to an end is given one, and a
 * phase that is not final becomes Failed. Of containers that were never reached the status stays waiting: the failed init container says
 * enough, and what was left waiting once stays so. The conditions stay as they were computed. As in the reference (TerminatePod, pkg/kubelet/status/status_manager.go).
 */
export const closeStatus = (pod: Pod, status: PodStatus, previous: PodStatus | undefined): PodStatus => {
  const init = status.initContainerStatuses ?? [];
  const reached = Math.max(1, init.findLastIndex(hasStartedOnce) + 1);
  return {
    ...status,
    phase: isFinal(status.phase) ? status.phase : "Failed",
    ...(status.initContainerStatuses === undefined
      ? {}
      : { initContainerStatuses: init.map((container, index) => (index < reached ? close(container) : container)) }),
    ...(status.containerStatuses === undefined || wasLeftWaiting(previous) || !hadInitialised(pod, status)
      ? {}
      : { containerStatuses: status.containerStatuses.map(close) }),
  };
};
