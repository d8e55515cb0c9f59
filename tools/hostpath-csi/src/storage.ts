import { mkdir, rename, statfs, truncate, open, chmod } from "node:fs/promises";
import { join } from "node:path";
import { CsiStatusError } from "@nk/csi-client/testing";
import type { ContentSource, DriverVolume, SnapshotStorage, StorageUsage, VolumeStorage } from "@nk/csi-client/testing";
import type { Mounts } from "@nk/mounts";
import { detachLoops, listLoops, runCommand } from "./commands.ts";

/** What a volume is on the host. */
type VolumeKind = "directory" | "tmpfs" | "loop";

/** Of a volume without a parameter `kind`. */
const DEFAULT_KIND = "directory";

/** From the parameter `kind` for file systems; a block volume is always a loop device. INVALID_ARGUMENT for anything else. */
export const kindOf = ({ isBlock, parameters }: DriverVolume): VolumeKind => {
  if (isBlock) return "loop";
  const kind = parameters["kind"] ?? DEFAULT_KIND;
  if (kind === "directory" || kind === "tmpfs") return kind;
  throw new CsiStatusError("invalid-argument", `the parameter kind is to be directory or tmpfs, not ${JSON.stringify(kind)}`);
};

/** Where a volume has its bytes: a directory, or the file behind a loop device. Ids are hashes, never paths of somebody's choosing. */
export const pathOfVolume = (root: string, { id, isBlock }: Pick<DriverVolume, "id" | "isBlock">): string =>
  join(root, "volumes", isBlock ? `${id}.img` : id);

const pathOfSnapshot = (root: string, id: string, isBlock: boolean): string => join(root, "snapshots", isBlock ? `${id}.img` : id);

/** Never follows links and never leaves the file system it begins on, whatever a workload left mounted inside. */
const removeTree = (path: string): Promise<string> => runCommand("rm", "--recursive", "--force", "--one-file-system", "--", path);

const copyInto = async (from: string, to: string, isBlock: boolean): Promise<void> => {
  if (isBlock) await runCommand("cp", "--sparse=always", "--reflink=auto", "--", from, to);
  else await runCommand("cp", "--archive", "--one-file-system", "--reflink=auto", "--no-target-directory", "--", from, to);
};

const growFile = async (path: string, sizeBytes: bigint): Promise<void> => {
  await (await open(path, "a", 0o600)).close();
  await truncate(path, Number(sizeBytes));
};

/** Made beside its place and renamed, so that what is there is whole. */
const makeWhole = async (path: string, make: (temporaryPath: string) => Promise<void>): Promise<void> => {
  const temporaryPath = `${path}.new`;
  await removeTree(temporaryPath);
  await make(temporaryPath);
  await removeTree(path);
  await rename(temporaryPath, path);
};

/** Workloads of any user write there; the group is the caller's to set. */
const makeOpenDirectory = async (path: string): Promise<void> => {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o777);
};

const parseCount = (output: string): bigint => BigInt(/^\d+/.exec(output)?.[0] ?? "0");

const usageOfDirectory = async (path: string, capacityBytes: bigint): Promise<StorageUsage> => {
  const used = parseCount(await runCommand("du", "--summarize", "--block-size=1", "--one-file-system", "--", path));
  const { files, ffree } = await statfs(path, { bigint: true });
  const inodes = {
    used: parseCount(await runCommand("du", "--summarize", "--inodes", "--one-file-system", "--", path)),
    total: files > ffree ? files : 0n,
  };
  // Nothing holds a directory to its capacity, so more than that may be in it.
  return { bytes: { used, total: used > capacityBytes ? used : capacityBytes }, inodes };
};

const usageOfTmpfs = async (path: string): Promise<StorageUsage> => {
  const { blocks, bfree, bsize, files, ffree } = await statfs(path, { bigint: true });
  return { bytes: { total: blocks * bsize, used: (blocks - bfree) * bsize }, inodes: { total: files, used: files - ffree } };
};

const usageOf = async (root: string, volume: DriverVolume): Promise<StorageUsage> => {
  const path = pathOfVolume(root, volume);
  switch (kindOf(volume)) {
    case "loop":
      return { bytes: { total: volume.capacityBytes, used: 0n }, inodes: undefined };
    case "tmpfs":
      return usageOfTmpfs(path);
    case "directory":
      return usageOfDirectory(path, volume.capacityBytes);
  }
};

/** Mounts a tmpfs volume, again after a reboot: then it is empty, as memory is. */
export const mountTmpfsVolume = async (root: string, mounts: Mounts, volume: DriverVolume): Promise<void> => {
  const target = pathOfVolume(root, volume);
  await mkdir(target, { recursive: true });
  await mounts.mountTmpfs({ target, sizeBytes: volume.capacityBytes, mode: 0o777 });
};

/** Volumes below `root/volumes`. `mounts` are those below the root. */
export const createVolumeStorage = (root: string, mounts: Mounts): VolumeStorage => {
  const sourcePath = (source: ContentSource, isBlock: boolean): string =>
    source.kind === "volume" ? pathOfVolume(root, { id: source.id, isBlock }) : pathOfSnapshot(root, source.id, isBlock);
  return {
    create: async (volume, source) => {
      const path = pathOfVolume(root, volume);
      const from = source === undefined ? undefined : sourcePath(source, volume.isBlock);
      switch (kindOf(volume)) {
        case "tmpfs":
          await mountTmpfsVolume(root, mounts, volume);
          try {
            if (from !== undefined) await copyInto(from, path, false);
          } catch (error) {
            await mounts.unmount(path);
            await removeTree(path);
            throw error;
          }
          return;
        case "directory":
          await makeWhole(path, async (temporaryPath) => {
            await makeOpenDirectory(temporaryPath);
            if (from !== undefined) await copyInto(from, temporaryPath, false);
          });
          return;
        case "loop":
          await makeWhole(path, async (temporaryPath) => {
            if (from !== undefined) await copyInto(from, temporaryPath, true);
            await growFile(temporaryPath, volume.capacityBytes);
          });
      }
    },
    remove: async (volume) => {
      const path = pathOfVolume(root, volume);
      if (volume.isBlock) await detachLoops(path);
      else await mounts.unmount(path);
      await removeTree(path);
    },
    expand: async (volume) => {
      const path = pathOfVolume(root, volume);
      switch (kindOf(volume)) {
        case "directory":
          return;
        case "tmpfs":
          await runCommand("mount", "-o", `remount,size=${String(volume.capacityBytes)}`, path);
          return;
        case "loop":
          await growFile(path, volume.capacityBytes);
          for (const device of await listLoops(path)) await runCommand("losetup", "--set-capacity", device);
      }
    },
    usage: (volume) => usageOf(root, volume),
  };
};

/** Snapshots below `root/snapshots`: full copies, or reflinks where the file system has them. */
export const createSnapshotStorage = (root: string): SnapshotStorage => ({
  create: (id, volume) =>
    makeWhole(pathOfSnapshot(root, id, volume.isBlock), (temporaryPath) =>
      copyInto(pathOfVolume(root, volume), temporaryPath, volume.isBlock),
    ),
  remove: async (id) => {
    for (const isBlock of [true, false]) await removeTree(pathOfSnapshot(root, id, isBlock));
  },
});
