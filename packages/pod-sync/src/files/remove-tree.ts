import { rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { promptFiles } from "@nk/stdx";
import { hasErrorCode, orIfMissing } from "./file-errors.ts";

/** How a directory is removed. */
export interface RemoveTreeOptions {
  /** `"all"` removes files too; `"empty-directories"` touches nothing but directories in which no file is left. */
  readonly what: "all" | "empty-directories";
  readonly signal?: AbortSignal | undefined;
}

const removeEntry = async (path: string, device: number, options: RemoveTreeOptions): Promise<readonly string[]> => {
  options.signal?.throwIfAborted();
  const stats = await orIfMissing(promptFiles.lstat(path), undefined);
  if (stats === undefined) return [];
  if (stats.isDirectory()) return stats.dev === device ? removeDirectory(path, device, options) : [`${path} is another filesystem`];
  if (options.what === "empty-directories") return [`${path} is in the way`];
  // A symbolic link is removed itself; what it leads to is not ours.
  await orIfMissing(unlink(path), undefined);
  return [];
};

/** What has to stay is for people to read; a volume may be full of it. */
const MAX_REFUSALS = 16;

const removeDirectory = async (path: string, device: number, options: RemoveTreeOptions): Promise<readonly string[]> => {
  const refusals: string[] = [];
  for (const name of await orIfMissing(promptFiles.readdir(path), [])) {
    refusals.push(...(await removeEntry(join(path, name), device, options)));
    if (refusals.length >= MAX_REFUSALS) return refusals;
  }
  if (refusals.length > 0) return refusals;
  try {
    await orIfMissing(rmdir(path), undefined);
    return [];
  } catch (error) {
    if (hasErrorCode(error, "EBUSY")) return [`${path} is a mount point`];
    if (hasErrorCode(error, "ENOTEMPTY")) return [`${path} was filled again`];
    throw error;
  }
};

/**
 * Removes a directory without following a symbolic link and without entering another filesystem. Returns what had to stay, and why, or some
 * of it when it is much; empty when the directory is gone. A bind mount of the same filesystem looks like a directory: the caller must know
 * that there is none.
 */
export const removeTree = async (path: string, options: RemoveTreeOptions): Promise<readonly string[]> => {
  const stats = await orIfMissing(promptFiles.lstat(path), undefined);
  if (stats === undefined) return [];
  return stats.isDirectory() ? removeDirectory(path, stats.dev, options) : removeEntry(path, stats.dev, options);
};
