import { open, opendir, unlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { promptFiles } from "@nk/stdx";
import type { RandomSource } from "@nk/stdx";
import { hasErrorCode, orIfMissing } from "./file-errors.ts";

const LOG_NAME = /^[0-9a-f]{8}$/u;

/** Whether a file may be a termination log, by its name. */
export const isTerminationLogName = (name: string): boolean => LOG_NAME.test(name);

/** A name taken twice is chance, one taken so often is a broken random source. */
const MAX_NAME_ATTEMPTS = 16;

const eightHexDigits = (random: RandomSource): string =>
  Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, "0");

const createWorldWritable = async (path: string): Promise<void> => {
  const file = await open(path, "wx", 0o666);
  try {
    // The container's user may be anybody, and the umask took that away.
    await file.chmod(0o666);
  } finally {
    await file.close();
  }
};

/** Makes an empty file, 0666, of a name that is free. Returns its path. */
export const makeTerminationLog = async (directory: string, random: RandomSource): Promise<string> => {
  for (let attempt = 1; ; attempt += 1) {
    const path = join(directory, eightHexDigits(random));
    try {
      await createWorldWritable(path);
      return path;
    } catch (error) {
      if (!hasErrorCode(error, "EEXIST") || attempt >= MAX_NAME_ATTEMPTS) throw error;
    }
  }
};

/** So many at once, so that no container waits long for its start: a back-off of months leaves tens of thousands. */
const MAX_REMOVED = 256;

/** What {@link removeStaleTerminationLogs} takes: absolute paths. */
export interface StaleLogsInput {
  readonly podDir: string;
  /** Of the container, below the pod's. */
  readonly directory: string;
  /** What is mounted into the container's instances. */
  readonly usedPaths: readonly string[];
}

/**
 * Removes regular files that are named like termination logs from the directory itself, and nothing else: no link is followed, and a
 * directory that is a link or on another filesystem than the pod's is left alone. What is in use is known by its name alone, so that a
 * runtime which tells a path with its links resolved loses nothing.
 */
export const removeStaleTerminationLogs = async ({ podDir, directory, usedPaths }: StaleLogsInput): Promise<void> => {
  const parent = await orIfMissing(promptFiles.lstat(podDir), undefined);
  const own = await orIfMissing(promptFiles.lstat(directory), undefined);
  if (parent === undefined || own === undefined || !own.isDirectory() || own.dev !== parent.dev) return;
  const used = new Set(usedPaths.map((path) => basename(path)));
  const stale: string[] = [];
  for await (const entry of await opendir(directory)) {
    if (entry.isFile() && isTerminationLogName(entry.name) && !used.has(entry.name)) stale.push(entry.name);
    if (stale.length >= MAX_REMOVED) break;
  }
  for (const name of stale) await orIfMissing(unlink(join(directory, name)), undefined);
};
