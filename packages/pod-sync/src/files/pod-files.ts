import { mkdir } from "node:fs/promises";
import { promptFiles, systemRandom, writeFileAtomic } from "@nk/stdx";
import type { RandomSource } from "@nk/stdx";
import type { PodRef, PodUid } from "@nk/pod-model";
import { countRestarts, linkLog, removeLogFiles, unlinkLog, unlinkLogsOfPod } from "./container-logs.ts";
import type { LoggedContainer } from "./container-logs.ts";
import { hasErrorCode } from "./file-errors.ts";
import { makePodDirs, removePodDataDir } from "./pod-dirs.ts";
import type { ListMountPoints, PodDirRemoval } from "./pod-dirs.ts";
import { containerDirPath, containerLogDirPath, etcHostsPath, podDirPath, podLogDirPath } from "./pod-paths.ts";
import { listPodRemains } from "./list-remains.ts";
import { readTail } from "./read-tail.ts";
import { removeTree } from "./remove-tree.ts";
import { makeTerminationLog, removeStaleTerminationLogs } from "./termination-logs.ts";

/** Where pods' files are kept. */
export interface PodFilesOptions {
  /** The kubelet's root directory; upstream's default is /var/lib/kubelet. */
  readonly rootDir: string;
  /** KubeletConfiguration podLogsDir; upstream's default is /var/log/pods. */
  readonly podLogsDir: string;
  /** Where log collectors look; default /var/log/containers. */
  readonly containerLogsDir?: string;
  /** Asked before a pod's directory is removed, so that nothing is removed through a mount. */
  readonly listMountPoints: ListMountPoints;
  /** Names termination logs; default {@link systemRandom}. */
  readonly random?: RandomSource;
}

/** A container of a pod, by name. */
export interface NamedContainer {
  readonly pod: PodRef;
  readonly containerName: string;
}

/** The last argument of what can take long. */
export interface RemovalOptions {
  readonly signal?: AbortSignal;
}

/**
 * Pods' data directories and logs on disk. Errors are those of node:fs, except where a method says otherwise; a UID or name that cannot be a
 * file name throws {@link ConfigRejectedError}. Calls for different pods may overlap.
 */
export interface PodFiles {
  /** `<root>/pods/<uid>`; only the path. */
  podDir(uid: PodUid): string;
  /** Makes the pod's data directories, 0750; fine when they exist. */
  ensurePodDirs(uid: PodUid): Promise<void>;
  /** Writes the pod's hosts file, 0644, whole or not at all, and only when it changed. Returns its path. */
  writeEtcHosts(uid: PodUid, content: string): Promise<string>;
  /** Makes an empty file, 0666, that a container instance may write its termination message to. Returns its path. */
  createTerminationLog(container: NamedContainer): Promise<string>;
  /**
   * Removes termination logs of the container but those of the instances that exist, told by the paths that are mounted into them. Fine
   * when there is none; of very many some are left for the next time.
   */
  removeStaleTerminationLogs(container: NamedContainer & { readonly usedPaths: readonly string[] }): Promise<void>;
  /** Makes the directory of a container's logs, 0755, which the runtime expects to exist. Returns its path. */
  ensureLogDir(container: NamedContainer): Promise<string>;
  /** How often a container was made before, by its logs alone: for when the runtime has forgotten the earlier instances. */
  countRestartsByLogs(container: NamedContainer): Promise<number>;
  /** Links the log for collectors; false when there is no log. */
  linkContainerLog(container: LoggedContainer, logPath: string): Promise<boolean>;
  /** Removes the link to the log of an instance; fine when there is none. */
  unlinkContainerLog(container: LoggedContainer): Promise<void>;
  /** Removes the log of one instance and its rotated parts. */
  removeContainerLogs(instance: NamedContainer & { readonly restartCount: number }): Promise<void>;
  /** Removes the pod's data directory where nothing is mounted in it and its volumes are empty; says what holds it otherwise. */
  removePodDirs(uid: PodUid, options?: RemovalOptions): Promise<PodDirRemoval>;
  /** Removes all logs of the pod, and the links to them. */
  removePodLogs(pod: PodRef, options?: RemovalOptions): Promise<PodDirRemoval>;
  /** Every pod that has files here, known or not. */
  listPodRemains(): Promise<readonly PodRef[]>;
}

/** No more than the content is read: a container can write to its hosts file, and as much as the disk holds. */
const hasContent = async (path: string, content: Buffer): Promise<boolean> => {
  try {
    if ((await promptFiles.lstat(path)).size !== content.length) return false;
    const { bytes, isCut } = await readTail(path, content.length);
    return !isCut && content.equals(bytes);
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) return false;
    throw error;
  }
};

/** Running containers hold the old file: it must not be replaced without need. Lost in a power cut it is written again. */
const writeIfChanged = async (path: string, content: string): Promise<string> => {
  const bytes = Buffer.from(content);
  if (!(await hasContent(path, bytes))) await writeFileAtomic(path, bytes, { mode: 0o644, fsync: false });
  return path;
};

/** Access to pods' files below the given directories. Makes nothing until it is asked. */
export const createPodFiles = (options: PodFilesOptions): PodFiles => {
  const { containerLogsDir = "/var/log/containers", random = systemRandom, listMountPoints } = options;
  return {
    podDir: (uid) => podDirPath(options, uid),
    ensurePodDirs: (uid) => makePodDirs(options, uid),
    writeEtcHosts: async (uid, content) => writeIfChanged(etcHostsPath(options, uid), content),
    createTerminationLog: async ({ pod, containerName }) => {
      const directory = containerDirPath(options, { uid: pod.uid, containerName });
      await mkdir(directory, { recursive: true, mode: 0o750 });
      return makeTerminationLog(directory, random);
    },
    removeStaleTerminationLogs: async ({ pod, containerName, usedPaths }) =>
      removeStaleTerminationLogs({
        podDir: podDirPath(options, pod.uid),
        directory: containerDirPath(options, { uid: pod.uid, containerName }),
        usedPaths,
      }),
    ensureLogDir: async (container) => {
      const directory = containerLogDirPath(options, container);
      await mkdir(directory, { recursive: true, mode: 0o755 });
      return directory;
    },
    countRestartsByLogs: async (container) => countRestarts(containerLogDirPath(options, container)),
    linkContainerLog: (container, logPath) => linkLog(containerLogsDir, container, logPath),
    unlinkContainerLog: (container) => unlinkLog(containerLogsDir, container),
    removeContainerLogs: async (instance) => removeLogFiles(containerLogDirPath(options, instance), instance.restartCount),
    listPodRemains: () => listPodRemains(options),
    removePodDirs: (uid, { signal } = {}) => removePodDataDir({ roots: options, uid, listMountPoints, signal }),
    removePodLogs: async (pod, { signal } = {}) => {
      const logDir = podLogDirPath(options, pod);
      await unlinkLogsOfPod(containerLogsDir, pod, logDir);
      const reasons = await removeTree(logDir, { what: "all", signal });
      return reasons.length === 0 ? { status: "removed" } : { status: "refused", reasons };
    },
  };
};
