import { posix } from "node:path";
import type { PodRef } from "@nk/pod-model";

/** ext4 and most others hold no longer file name. */
const MAX_FILE_NAME_BYTES = 255;
const LOG_SUFFIX = ".log";

/** `NAMESPACE_NAME_UID` below the pod logs directory: where all logs of one pod are. */
export const podLogDir = (podLogsDir: string, pod: PodRef): string => posix.join(podLogsDir, `${pod.namespace}_${pod.name}_${pod.uid}`);

/** Path of a container instance's log inside its pod's log directory, e.g. `main/0.log`. */
export const containerLogPath = (containerName: string, restartCount: number): string =>
  posix.join(containerName, `${restartCount}${LOG_SUFFIX}`);

/**
 * File name of the link below /var/log/containers that log collectors follow: `POD_NAMESPACE_CONTAINER-ID.log`, cut so that the whole
 * name keeps its suffix within 255 bytes.
 */
export const containerLogLinkName = (pod: PodRef, container: { readonly name: string; readonly id: string }): string =>
  // Names and ids are ASCII, so characters are bytes.
  `${pod.name}_${pod.namespace}_${container.name}-${container.id}`.slice(0, MAX_FILE_NAME_BYTES - LOG_SUFFIX.length) + LOG_SUFFIX;
