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

/** Removes an emptyDir and what is in it. Links in it are removed, not followed. */
export const removeEmptyDir = async (path: string): Promise<void> => {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    throw new VolumesError("empty-dir", `removing ${path} failed`, { cause: error });
  }
};
