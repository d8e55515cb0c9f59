import { mkdir, symlink, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PodRef } from "@nk/pod-model";
import { promptFiles } from "@nk/stdx";
import { containerLogLinkName } from "../config/log-paths.ts";
import { hasErrorCode, orIfMissing } from "./file-errors.ts";

/** A container instance by the names its log goes by. */
export interface LoggedContainer {
  readonly pod: PodRef;
  readonly containerName: string;
  /** The runtime's id. */
  readonly containerId: string;
}

const LOG_FILE = /^(\d+)\.log(?:\..*)?$/u;

const linkPath = (linksDir: string, container: LoggedContainer): string =>
  join(linksDir, containerLogLinkName(container.pod, { name: container.containerName, id: container.containerId }));

const makeLink = async (target: string, path: string): Promise<void> => {
  try {
    await symlink(target, path);
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) {
      await mkdir(dirname(path), { recursive: true, mode: 0o755 });
      return symlink(target, path);
    }
    if (!hasErrorCode(error, "EEXIST")) throw error;
    if ((await orIfMissing(promptFiles.readlink(path), "")) === target) return;
    await orIfMissing(unlink(path), undefined);
    await symlink(target, path);
  }
};

/** Links a container's log for log collectors. Returns false, and links nothing, when the runtime has made no log. */
export const linkLog = async (linksDir: string, container: LoggedContainer, logPath: string): Promise<boolean> => {
  try {
    await promptFiles.access(logPath);
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) return false;
    throw error;
  }
  await makeLink(logPath, linkPath(linksDir, container));
  return true;
};

/** Removes the link; fine when there is none. */
export const unlinkLog = async (linksDir: string, container: LoggedContainer): Promise<void> =>
  orIfMissing(unlink(linkPath(linksDir, container)), undefined);

/** One more than the highest number of a log in the directory, rotated ones included; 0 when there is none. */
export const countRestarts = async (logDir: string): Promise<number> => {
  const names = await orIfMissing(promptFiles.readdir(logDir), []);
  return names.reduce((count, name) => {
    const [, number] = LOG_FILE.exec(name) ?? [];
    return number === undefined ? count : Math.max(count, Number(number) + 1);
  }, 0);
};

/** Removes the log of one instance and its rotated parts. */
export const removeLogFiles = async (logDir: string, restartCount: number): Promise<void> => {
  for (const name of await orIfMissing(promptFiles.readdir(logDir), [])) {
    if (LOG_FILE.exec(name)?.[1] === `${restartCount}`) await orIfMissing(unlink(join(logDir, name)), undefined);
  }
};

/** Removes every link to a log of the pod. */
export const unlinkLogsOfPod = async (linksDir: string, pod: PodRef, logDir: string): Promise<void> => {
  const names = await orIfMissing(promptFiles.readdir(linksDir), []);
  for (const name of names.filter((candidate) => candidate.startsWith(`${pod.name}_${pod.namespace}_`))) {
    const path = join(linksDir, name);
    // A pod of the same name may have links already: only the target says whose a link is.
    const target = await promptFiles.readlink(path).catch(() => "");
    if (target.startsWith(`${logDir}/`)) await orIfMissing(unlink(path), undefined);
  }
};
