import { chmod, lstat, mkdir, realpath, rename } from "node:fs/promises";
import type { Stats } from "node:fs";
import { dirname } from "node:path";
import { VolumesError } from "./errors.ts";
import { removeTree } from "./remove-tree.ts";

const hasCode = (error: unknown, code: string): boolean => error instanceof Error && "code" in error && error.code === code;

const orIfMissing = async <T>(task: Promise<T>): Promise<T | undefined> => {
  try {
    return await task;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
};

const makeOpenDirectory = async (path: string): Promise<void> => {
  // A volume's name has no dot, so this is nobody else's. A kubelet that died in here left it, and it is taken up again.
  const unready = `${path}.new`;
  await mkdir(unready, { recursive: true });
  // After mkdir, because the umask cuts the mode that mkdir is given.
  await chmod(unready, 0o777);
  await rename(unready, path);
};

/**
 * Makes the directory of an emptyDir, open to every user of the pod's containers. One that is there stays as it is, its mode too: the
 * kubelet may have restarted, and programs such as PostgreSQL refuse a data directory that others may read.
 */
export const ensureEmptyDir = async (path: string): Promise<void> => {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    const found: Stats | undefined = await orIfMissing(lstat(path));
    if (found === undefined) await makeOpenDirectory(path);
    else if (!found.isDirectory()) throw new VolumesError("unsafe-path", `${path} is not a directory`);
  } catch (error) {
    if (error instanceof VolumesError) throw error;
    throw new VolumesError("empty-dir", `creating ${path} failed`, { cause: error });
  }
};

/**
 * Removes a directory of emptyDirs and what is in it. Links are removed, not followed, and nothing is removed while something is mounted
 * in it: a container with mount propagation may have left a mount whose files are not the pod's.
 */
export const removeEmptyDirs = async (path: string, mountPoints: readonly string[]): Promise<void> => {
  try {
    // The kernel names the real path, and the kubelet's root may be a symbolic link.
    const realDir = await orIfMissing(realpath(path));
    if (realDir === undefined) return;
    const mounted = mountPoints.find((point) => point === realDir || point.startsWith(`${realDir}/`));
    if (mounted !== undefined) throw new VolumesError("mounted", `removing ${path} failed: ${mounted} is still mounted`);
    await removeTree(path);
  } catch (error) {
    if (error instanceof VolumesError) throw error;
    throw new VolumesError("empty-dir", `removing ${path} failed`, { cause: error });
  }
};
