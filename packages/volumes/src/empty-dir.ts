import { chmod, lstat, mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { VolumesError } from "./errors.ts";

/** Makes the directory of an emptyDir, open to every user of the pod's containers. What is in it already stays: the kubelet may have restarted. */
export const ensureEmptyDir = async (path: string): Promise<void> => {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    await mkdir(path, { recursive: true });
    const made = await lstat(path);
    if (!made.isDirectory()) throw new VolumesError("unsafe-path", `${path} is not a directory`);
    // After mkdir, because the umask cuts the mode that mkdir is given.
    await chmod(path, 0o777);
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
  const mounted = mountPoints.find((point) => point === path || point.startsWith(`${path}/`));
  if (mounted !== undefined) throw new VolumesError("mounted", `removing ${path} failed: ${mounted} is still mounted`);
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    throw new VolumesError("empty-dir", `removing ${path} failed`, { cause: error });
  }
};
