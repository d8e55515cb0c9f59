import { lstat, mkdtemp, opendir, rename, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { VolumesError } from "./errors.ts";

/** Eight names of 255 bytes leave room for the root in the kernel's 4096 bytes for a path. */
const DEEPEST = 8;

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";

/**
 * Removes a directory and all there is in it, one entry after the other; fine when it does not exist. A symbolic link, at the root too, is
 * removed and not followed, and another filesystem is not entered. Containers can nest directories deeper than a path can name: what lies deep is moved
 * up before it is removed. Throws the errors of node:fs, or `mounted`.
 */
export const removeTree = async (root: string): Promise<void> => {
  const lifted: string[] = [];
  let device = 0;

  const removeDirectory = async (path: string, depth: number): Promise<void> => {
    for await (const entry of await opendir(path)) {
      const child = join(path, entry.name);
      if (!entry.isDirectory()) await unlink(child);
      else if ((await lstat(child)).dev !== device) throw new VolumesError("mounted", `removing ${child} failed: it is another filesystem`);
      else if (depth < DEEPEST) await removeDirectory(child, depth + 1);
      else {
        // A directory may be renamed onto an empty one, so the name that mkdtemp found is ours.
        const place = await mkdtemp(join(root, ".removing-"));
        await rename(child, place);
        lifted.push(place);
      }
    }
    for (let next = path === root ? lifted.pop() : undefined; next !== undefined; next = lifted.pop()) await removeDirectory(next, 1);
    await rmdir(path);
  };

  try {
    // What was unmounted is empty, which is the usual.
    await rmdir(root);
    return;
  } catch (error) {
    if (isMissing(error)) return;
  }
  const found = await lstat(root);
  // Opening a link would open what it leads to.
  if (!found.isDirectory()) return unlink(root);
  device = found.dev;
  await removeDirectory(root, 0);
};
