import { formatContainerId, formatTimestamp, hideExecutable, listContainers, RUNTIME_ANNOTATIONS } from "@nk/pod-model";
import type { ContainerState, ContainerStateTerminated, RuntimeContainerStatus } from "@nk/pod-model";
import type { PodStatusInput } from "./input.ts";

/** What the reference writes when a container vanished while it ran: nobody knows how it ended. */
export const UNKNOWN_EXIT = {
  exitCode: 137,
  reason: "ContainerStatusUnknown",
} as const;

const nanosToTimestamp = (nanos: bigint): string => formatTimestamp(Number(nanos / 1_000_000n));

/** All termination messages of a pod share this many bytes (MaxPodTerminationMessageLogLength in pkg/kubelet/container). */
const MAX_POD_MESSAGES_BYTES = 12 * 1024;

/** Cut to the container's share, between characters. */
const fitMessage = (message: string, input: PodStatusInput): string => {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = input.pod.spec ?? {};
  const maxBytes = Math.floor(MAX_POD_MESSAGES_BYTES / Math.max(1, containers.length + initContainers.length + ephemeralContainers.length));
  if (message.length * 4 <= maxBytes) return message;
  const bytes = Buffer.from(message);
  if (bytes.length <= maxBytes) return message;
  let end = maxBytes;
  // 10xxxxxx continues a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString("utf8");
};

/** The runtime's own words, which may name an executable that was expanded from a Secret. */
const runtimeMessage = (container: RuntimeContainerStatus, { pod }: PodStatusInput): string => {
  const definition = [...listContainers(pod), ...(pod.spec?.ephemeralContainers ?? [])].find(({ name }) => name === container.name);
  return definition === undefined ? container.message : hideExecutable(container.message, definition);
};

const terminatedState = (container: RuntimeContainerStatus, input: PodStatusInput): ContainerStateTerminated => {
  const message = fitMessage(input.terminationMessages.get(container.id) ?? runtimeMessage(container, input), input);
  return {
    exitCode: container.exitCode,
    reason: container.reason === "" ? (container.exitCode === 0 ? "Completed" : "Error") : container.reason,
    ...(message === "" ? {} : { message }),
    ...(container.startedAtNanos > 0n ? { startedAt: nanosToTimestamp(container.startedAtNanos) } : {}),
    ...(container.finishedAtNanos > 0n ? { finishedAt: nanosToTimestamp(container.finishedAtNanos) } : {}),
    containerID: formatContainerId({ runtimeName: input.runtimeName, id: container.id }),
  };
};

/** The API's view of one runtime container; `undefined` for one that was created and has not started. */
export const computeContainerState = (container: RuntimeContainerStatus, input: PodStatusInput): ContainerState | undefined => {
  switch (container.state) {
    case "running":
      return { running: { startedAt: nanosToTimestamp(container.startedAtNanos) } };
    case "exited":
      return { terminated: terminatedState(container, input) };
    case "unknown":
      return {
        terminated: {
          ...UNKNOWN_EXIT,
          message: "The container could not be located when the pod was terminated",
          containerID: formatContainerId({ runtimeName: input.runtimeName, id: container.id }),
        },
      };
    case "created":
      return undefined;
    default:
      return container.state satisfies never;
  }
};

/** Restarts so far, from the annotation the kubelet wrote when it created the container; 0 where there is none. */
export const restartCountOf = (container: RuntimeContainerStatus): number => {
  const count = Number(container.annotations[RUNTIME_ANNOTATIONS.restartCount] ?? container.attempt);
  return Number.isSafeInteger(count) && count >= 0 ? count : 0;
};
