import { joinWithin } from "@nk/stdx";
import type { PodRef, PodUid } from "@nk/pod-model";
import { podLogDir } from "../config/log-paths.ts";
import { rejectConfig } from "../config/reject.ts";

/** Where the files of all pods lie; each an absolute path. */
export interface PodFileRoots {
  /** The kubelet's root directory, e.g. /var/lib/kubelet. */
  readonly rootDir: string;
  /** e.g. /var/log/pods. */
  readonly podLogsDir: string;
}

/**
 * A static pod may name its own UID, so none is trusted: what becomes a directory's name must not lead anywhere else.
 * Throws {@link ConfigRejectedError}.
 */
const segment = (what: string, name: string): string => {
  if (name === "" || name === "." || name === ".." || name.includes("/") || name.includes("\0") || name.length > 255) {
    throw rejectConfig(`${what} ${JSON.stringify(name)} cannot be a file name`);
  }
  return name;
};

/** `<root>/pods/<uid>`. */
export const podDirPath = (roots: PodFileRoots, uid: PodUid): string => joinWithin(roots.rootDir, "pods", segment("pod UID", uid));

/** The hosts file of a pod. */
export const etcHostsPath = (roots: PodFileRoots, uid: PodUid): string => joinWithin(podDirPath(roots, uid), "etc-hosts");

/** The directory of a container's termination logs. */
export const containerDirPath = (roots: PodFileRoots, container: { readonly uid: PodUid; readonly containerName: string }): string =>
  joinWithin(podDirPath(roots, container.uid), "containers", segment("container name", container.containerName));

/** The directory of all logs of a pod. */
export const podLogDirPath = (roots: PodFileRoots, pod: PodRef): string => {
  const path = podLogDir(roots.podLogsDir, pod);
  segment("pod log directory", `${pod.namespace}_${pod.name}_${pod.uid}`);
  return path;
};

/** The directory of a container's logs. */
export const containerLogDirPath = (roots: PodFileRoots, container: { readonly pod: PodRef; readonly containerName: string }): string =>
  joinWithin(podLogDirPath(roots, container.pod), segment("container name", container.containerName));
