import type { BigIntStats, Dir } from "node:fs";
import { lstatSync, opendirSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@nk/stdx";
import { systemClock } from "@nk/stdx";

/** What a directory takes on its own filesystem. */
export interface DirectoryUsage {
  readonly usedBytes: number;
  readonly inodesUsed: number;
  /** False when `maxEntries` was reached: it takes at least this much. */
  readonly isComplete: boolean;
}

export interface DirectoryUsageOptions {
  /** Files and directories counted at most. Default 1 000 000. */
  readonly maxEntries?: number;
  /** Entries listed or looked at between two turns of the event loop. Default 500. */
  readonly entriesPerSlice?: number;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/** st_blocks counts in these whatever the filesystem's own block is (stat(2)). */
const BLOCK_BYTES = 512n;

const statOf = (path: string): BigIntStats | undefined => {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return undefined;
  }
};

const openDirectory = (path: string): Dir | undefined => {
  try {
    return opendirSync(path);
  } catch {
    return undefined;
  }
};

const nextName = (open: Dir): string | undefined => {
  try {
    return open.readSync()?.name;
  } catch {
    return undefined;
  }
};

/**
 * The names in a directory, at most so many: one may hold more than there is memory for. `turn` is awaited after each. When the directory goes
 * away meanwhile, what was read of it is looked for all the same.
 */
const namesIn = async (directory: string, most: number, turn: () => Promise<void> | undefined): Promise<readonly string[]> => {
  const names: string[] = [];
  const open = openDirectory(directory);
  if (open === undefined) return names;
  try {
    for (let name = nextName(open); name !== undefined && names.length < most; name = nextName(open)) {
      names.push(name);
      const turning = turn();
      if (turning !== undefined) await turning;
    }
  } finally {
    open.closeSync();
  }
  return names;
};

/**
 * Counts what a directory takes, as du(1) without a process: a file with several names once, other filesystems not at all, links not
 * followed. What vanishes meanwhile is not counted; a directory that does not exist takes nothing.
 */
export const readDirectoryUsage = async (directory: string, options: DirectoryUsageOptions = {}): Promise<DirectoryUsage> => {
  const { maxEntries = 1_000_000, entriesPerSlice = 500, clock = systemClock, signal } = options;
  signal?.throwIfAborted();
  const root = statOf(directory);
  const seen = new Set<bigint>();
  const left = [directory];
  let bytes = 0n;
  let inodesUsed = 0;
  let visited = 0;
  let done = 0;
  /** A directory may hold any number of files, so that listing it takes turns as well as looking at them. */
  const turn = (): Promise<void> | undefined => {
    done += 1;
    return done % entriesPerSlice === 0 ? clock.sleep(0, { signal }) : undefined;
  };
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (visited >= maxEntries) return { usedBytes: Number(bytes), inodesUsed, isComplete: false };
    visited += 1;
    const turning = turn();
    if (turning !== undefined) await turning;
    const stats = statOf(path);
    if (stats === undefined || stats.dev !== root?.dev) continue;
    if (!stats.isDirectory() && stats.nlink > 1n) {
      if (seen.has(stats.ino)) continue;
      seen.add(stats.ino);
    }
    bytes += stats.blocks * BLOCK_BYTES;
    inodesUsed += 1;
    if (!stats.isDirectory()) continue;
    const names = await namesIn(path, maxEntries - visited - left.length + 1, turn);
    for (const name of names) left.push(join(path, name));
  }
  return { usedBytes: Number(bytes), inodesUsed, isComplete: true };
};
