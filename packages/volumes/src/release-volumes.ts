import type { Dirent } from "node:fs";
import { rmdir, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promptFiles } from "@nk/stdx";
import { hasErrorCode, orIfMissing, toVolumesError, VolumesError } from "./errors.ts";
import { escapePluginName, unescapePluginName } from "./pod-paths.ts";
import type { PodPaths } from "./pod-paths.ts";
import type { MountPort } from "./ports.ts";
import { PLUGINS } from "./plugins/find-plugin.ts";
import { removeTree } from "./remove-tree.ts";

/** What the removal works with. */
export interface ReleaseTools {
  /** Lists what is mounted at or below a directory, by real paths. */
  readonly listMounts: (below: string, signal: AbortSignal | undefined) => Promise<readonly string[]>;
  /** Absent: nothing can be unmounted, and whatever is mounted refuses the removal. */
  readonly unmount?: MountPort["unmount"] | undefined;
  /** Told of each volume that was removed, or was not. */
  readonly onRemoved: (removal: { readonly plugin: string; readonly isSuccess: boolean; readonly startedMs: number }) => void;
  readonly monotonicMs: () => number;
}

const KNOWN_DIRECTORIES: ReadonlySet<string> = new Set(PLUGINS.map(({ name }) => escapePluginName(name)));

const listEntries = async (path: string): Promise<readonly Dirent[]> => {
  try {
    return await promptFiles.readdir(path, { withFileTypes: true });
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) return [];
    throw error;
  }
};

/** Removes a directory if it is empty; fine when it is not, or not there. */
const removeIfEmpty = async (path: string): Promise<void> => {
  try {
    await rmdir(path);
  } catch (error) {
    if (!hasErrorCode(error, "ENOENT", "ENOTEMPTY", "EEXIST")) throw error;
  }
};

const removeFile = async (path: string): Promise<void> => {
  try {
    await unlink(path);
  } catch (error) {
    if (!hasErrorCode(error, "ENOENT")) throw error;
  }
};

/**
 * The kernel names the real path, and the kubelet's root may be a symbolic link. What is mounted at the end of the path is not looked at: it
 * may be a server that does not answer.
 */
const realPathOf = async (path: string): Promise<string> => join(await promptFiles.realpath(dirname(path)), basename(path));

const mountsBelow = async (path: string, tools: ReleaseTools, signal: AbortSignal | undefined): Promise<readonly string[]> => {
  try {
    const real = await realPathOf(path);
    return (await tools.listMounts(path, signal)).filter((point) => point === real || point.startsWith(`${real}/`));
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) return [];
    throw error;
  }
};

/** Unmounts what is mounted at or below a path, the inner ones first, and makes sure that nothing is left there. */
const unmountAll = async (path: string, tools: ReleaseTools, signal: AbortSignal | undefined): Promise<void> => {
  const points = await mountsBelow(path, tools, signal);
  if (points.length === 0) return;
  const refuse = (point: string, cause?: unknown): VolumesError =>
    new VolumesError("mounted", `removing ${path} failed: ${point} is still mounted`, { cause });
  const { unmount } = tools;
  if (unmount === undefined) throw refuse(points[0] ?? path);
  const real = await realPathOf(path);
  for (const point of points.toReversed()) {
    try {
      // What lies inside was mounted by a container and may be in use by others; the volume itself is ours alone.
      await unmount(point, { signal, detach: point === real });
    } catch (error) {
      signal?.throwIfAborted();
      throw refuse(point, error);
    }
  }
  const [left] = await mountsBelow(path, tools, signal);
  if (left !== undefined) throw refuse(left);
};

const removeVolume = async (
  paths: PodPaths,
  place: { readonly plugin: string; readonly name: string },
  options: { readonly tools: ReleaseTools; readonly signal: AbortSignal | undefined },
): Promise<void> => {
  const { plugin, name } = place;
  const { tools, signal } = options;
  const startedMs = tools.monotonicMs();
  let isSuccess = false;
  try {
    // First, so that a volume that is half gone is not taken for ready.
    for (const marker of [paths.marker(name), paths.marker(`wrapped_${name}`)]) {
      if ((await orIfMissing(promptFiles.lstat(marker))) === undefined) continue;
      await removeFile(join(marker, "ready"));
      await removeIfEmpty(marker);
    }
    const path = paths.volume(plugin, name);
    await unmountAll(path, tools, signal);
    await removeTree(path);
    isSuccess = true;
  } finally {
    tools.onRemoved({ plugin, isSuccess, startedMs });
  }
};

const rejectFirst = async (tasks: readonly Promise<void>[]): Promise<void> => {
  const failed = (await Promise.allSettled(tasks)).find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
};

const removeVolumes = async (paths: PodPaths, tools: ReleaseTools, signal: AbortSignal | undefined): Promise<void> => {
  const directories = await listEntries(paths.volumes);
  await rejectFirst(
    directories.map(async (directory) => {
      const path = join(paths.volumes, directory.name);
      const entries = directory.isDirectory() ? await listEntries(path) : [];
      if (KNOWN_DIRECTORIES.has(directory.name)) {
        const plugin = unescapePluginName(directory.name);
        await rejectFirst(entries.map(({ name }) => removeVolume(paths, { plugin, name }, { tools, signal })));
      } else if (entries.length > 0 || !directory.isDirectory()) {
        throw new VolumesError("unsupported-source", `removing ${path} failed: nk did not make it and does not know what it holds`);
      }
      await removeIfEmpty(path);
    }),
  );
  for (const { name } of await listEntries(paths.plugins)) await removeIfEmpty(join(paths.plugins, name));
};

/** Places to mount on are empty files and directories: what is not empty is not a place, and stays. */
const removePlaces = async (path: string, depth: number): Promise<void> => {
  for (const entry of await listEntries(path)) {
    const child = join(path, entry.name);
    if (!entry.isDirectory()) await removeFile(child);
    else if (depth === 0) await rmdir(child);
    else await removePlaces(child, depth - 1);
  }
  await removeIfEmpty(path);
};

const releaseSubPaths = async ({ subPaths }: PodPaths, tools: ReleaseTools, signal: AbortSignal | undefined): Promise<void> => {
  // Most pods have none, and then the mount table need not be read.
  if ((await orIfMissing(promptFiles.lstat(subPaths))) === undefined) return;
  for (const point of (await mountsBelow(subPaths, tools, signal)).toReversed()) {
    if (tools.unmount === undefined) throw new VolumesError("mounted", `removing ${subPaths} failed: ${point} is still mounted`);
    await tools.unmount(point, { signal, detach: true });
  }
  await removePlaces(subPaths, 2);
};

/**
 * Removes what volumes left on disk, by what lies there: sub-paths first, then each volume, unmounted before it is emptied. Never enters
 * another filesystem. Rejects with `mounted`, `empty-dir` or `unsupported-source`; then a later call goes on.
 */
export const releaseVolumes = async (paths: PodPaths, tools: ReleaseTools, signal: AbortSignal | undefined): Promise<void> => {
  try {
    await releaseSubPaths(paths, tools, signal);
    await removeVolumes(paths, tools, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw toVolumesError(error, "empty-dir", `removing ${paths.volumes} failed`);
  }
};
