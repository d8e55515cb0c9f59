import { hideExecutable } from "@nk/pod-model";
import type { Container, Pod, RuntimeContainerStatus } from "@nk/pod-model";
import { readTerminationMessage } from "@nk/pod-sync";

const containersOf = (pod: Pod): readonly Container[] => [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];

/** The reference shares 12 KiB among the containers of a pod. */
const POD_MESSAGE_BYTES = 12 * 1024;

/** Cuts at a byte, without leaving half a character. */
const cutBytes = (text: string, maxBytes: number): string => {
  const bytes = Buffer.from(text);
  return bytes.length <= maxBytes ? text : bytes.subarray(0, maxBytes).toString("utf8").replace(/�+$/, "");
};

/** Reads what an ended container left behind, from the file that is mounted into it or from the end of its log. */
export const readMessageOf = async (pod: Pod, ended: RuntimeContainerStatus): Promise<string> => {
  const containers = containersOf(pod);
  const container = containers.find(({ name }) => name === ended.name);
  const path = container?.terminationMessagePath ?? "/dev/termination-log";
  const message = await readTerminationMessage({
    hostPath: ended.mounts.find(({ containerPath }) => containerPath === path)?.hostPath,
    policy: container?.terminationMessagePolicy ?? "File",
    exitCode: ended.exitCode,
    reason: ended.reason,
    logPath: ended.logPath === "" ? undefined : ended.logPath,
  });
  const said = container === undefined ? ended.message : hideExecutable(ended.message, container);
  const whole = said === "" ? message : message === "" ? said : `${said}: ${message}`;
  return cutBytes(whole, Math.floor(POD_MESSAGE_BYTES / Math.max(1, containers.length)));
};
