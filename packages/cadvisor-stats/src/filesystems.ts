import { readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@nk/stdx";
import { createSemaphore, raceSignal, systemClock, withDeadline } from "@nk/stdx";
import type { DiskStats } from "./disk-stats.ts";
import { parseDiskStats } from "./disk-stats.ts";
import { parseMountPoints } from "./mount-points.ts";
import type { MountPoint } from "./mount-points.ts";

/** Space and inodes of a filesystem. */
export interface FilesystemSpace {
  readonly capacityBytes: number;
  /** Free for root, and for everyone. */
  readonly freeBytes: number;
  readonly availableBytes: number;
  /** Absent where the filesystem does not count them, as btrfs. */
  readonly inodes?: number;
  readonly inodesFree?: number;
}

/** A filesystem that is mounted. */
export interface Filesystem extends FilesystemSpace {
  /** E.g. `/dev/sda1`; for a tmpfs where it is mounted. */
  readonly device: string;
  readonly mountPoint: string;
  readonly fsType: string;
  readonly major: number;
  readonly minor: number;
  /** Traffic of its device; absent for one that has none. */
  readonly disk?: DiskStats;
}

export interface FilesystemOptions {
  /** Default /proc. */
  readonly procRoot?: string;
  /** What mount points lie below, e.g. `/host` in a container that has the host's root there. Default `/`. */
  readonly hostRoot?: string;
  /** How long one filesystem may take; a server that is gone answers never. Default 2000. */
  readonly timeoutMs?: number;
  /** Filesystems asked at most. Default 1000. */
  readonly maxFilesystems?: number;
  /** Asks for the space of a mount point. Default `statSpace`. */
  readonly askSpace?: (path: string) => Promise<FilesystemSpace>;
  readonly clock?: Clock;
}

/** Filesystems with space of their own (cAdvisor: fs/vfs, fs/btrfs, fs/zfs, fs/nfs, fs/tmpfs). An overlay's is that of the disk below. */
const FS_TYPES = /^(ext\d*|xfs|btrfs|zfs|nfs4?|tmpfs|squashfs|f2fs|jfs|reiserfs|hfs(plus)?|ntfs3?|vfat|fat|msdos|exfat|udf|iso9660)$/;

/** Each device once, at its first mount, because the others are parts of it; each tmpfs, known by its place. */
const selectMounts = (mounts: readonly MountPoint[]): readonly (readonly [device: string, mount: MountPoint])[] => {
  const selected = new Map<string, MountPoint>();
  for (const mount of mounts) {
    if (!FS_TYPES.test(mount.fsType)) continue;
    if (mount.fsType === "tmpfs") selected.set(mount.mountPoint, mount);
    else if (!selected.has(mount.source)) selected.set(mount.source, mount);
  }
  return [...selected];
};

/** Space and inodes of the filesystem that a path lies on; rejects with the error of statfs(2). May take forever on a network. */
export const statSpace = async (path: string): Promise<FilesystemSpace> => {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path);
  return {
    capacityBytes: blocks * bsize,
    freeBytes: bfree * bsize,
    availableBytes: bavail * bsize,
    ...(files > 0 ? { inodes: files, inodesFree: ffree } : {}),
  };
};

/** Reads the filesystems that are mounted, again and again. */
export interface FilesystemReader {
  /** Sorted by device. One that does not answer in time, or is unmounted meanwhile, is left out. */
  read(options?: { readonly signal?: AbortSignal }): Promise<readonly Filesystem[]>;
}

/** Half of the threads that Node has for files: with a question to a dead server in each of them, nothing else in the process could read one. */
const MAX_NETWORK_QUESTIONS = 2;

const isNetwork = ({ fsType }: MountPoint): boolean => fsType.startsWith("nfs");

/**
 * Makes a reader. While a filesystem owes an answer it is not asked again: each question holds one of Node's few threads. Servers are asked
 * two at a time.
 */
export const createFilesystemReader = (options: FilesystemOptions = {}): FilesystemReader => {
  const { procRoot = "/proc", hostRoot = "/", timeoutMs = 2000, maxFilesystems = 1000, clock = systemClock } = options;
  const { askSpace = statSpace } = options;
  const asked = new Set<string>();
  const network = createSemaphore(MAX_NETWORK_QUESTIONS, { maxWaiting: Infinity });

  const readText = (name: string): Promise<string> => readFile(join(procRoot, name), "utf8").catch(() => "");

  /** The turn is given back with the answer, and not when nobody waits for it any more. */
  const ask = (path: string, turn: Disposable | undefined): Promise<FilesystemSpace> => {
    asked.add(path);
    return askSpace(path).finally(() => {
      asked.delete(path);
      turn?.[Symbol.dispose]();
    });
  };

  const readOne = async (mount: MountPoint, signal: AbortSignal | undefined): Promise<FilesystemSpace | undefined> => {
    const path = join(hostRoot, mount.mountPoint);
    if (asked.has(path)) return undefined;
    using deadline = withDeadline({ timeoutMs, clock, signal, what: `statfs of ${path}` });
    try {
      const turn = isNetwork(mount) ? await network.acquire({ signal: deadline.signal }) : undefined;
      return await raceSignal(ask(path, turn), deadline.signal);
    } catch {
      signal?.throwIfAborted();
      return undefined;
    }
  };

  const read = async (signal: AbortSignal | undefined): Promise<readonly Filesystem[]> => {
    const [mountinfo, diskstats] = await Promise.all([readText("self/mountinfo"), readText("diskstats")]);
    const disks = parseDiskStats(diskstats);
    const selected = selectMounts(parseMountPoints(mountinfo)).slice(0, maxFilesystems);
    const found = await Promise.all(
      selected.map(async ([device, mount]): Promise<readonly Filesystem[]> => {
        const { mountPoint, fsType, major, minor } = mount;
        const space = await readOne(mount, signal);
        const disk = disks.get(device);
        if (space === undefined) return [];
        return [{ device, mountPoint, fsType, major, minor, ...space, ...(disk === undefined ? {} : { disk }) }];
      }),
    );
    return found.flat().toSorted((a, b) => (a.device < b.device ? -1 : 1));
  };

  return { read: ({ signal } = {}) => read(signal) };
};
