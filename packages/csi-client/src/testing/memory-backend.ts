import { cp, lstat, mkdir, open, readdir, rm, rmdir, stat, symlink, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DriverBackend, SnapshotStorage, StorageUsage, VolumeMounts, VolumeStorage } from "./driver/ports.ts";
import type { DriverVolume } from "./driver/state.ts";
import { CsiStatusError } from "./status-error.ts";

const makeFile = async (path: string, sizeBytes: bigint): Promise<void> => {
  const file = await open(path, "a");
  await file.close();
  await truncate(path, Number(sizeBytes));
};

const countBytes = async (path: string): Promise<StorageUsage["bytes"] & { readonly inodes: bigint }> => {
  const entries = await readdir(path, { recursive: true });
  let used = 0n;
  for (const entry of entries) used += BigInt((await lstat(join(path, entry))).size);
  return { used, total: 0n, inodes: BigInt(entries.length) };
};

const createVolumeStorage = (root: string): VolumeStorage => {
  const pathOf = ({ id }: DriverVolume): string => join(root, "volumes", id);
  return {
    create: async (volume, source) => {
      const path = pathOf(volume);
      await rm(path, { recursive: true, force: true });
      if (source !== undefined)
        await cp(join(root, source.kind === "volume" ? "volumes" : "snapshots", source.id), path, {
          recursive: true,
          verbatimSymlinks: true,
        });
      if (volume.isBlock) await makeFile(path, volume.capacityBytes);
      else await mkdir(path, { recursive: true });
    },
    remove: (volume) => rm(pathOf(volume), { recursive: true, force: true }),
    expand: async (volume) => {
      if (volume.isBlock) await makeFile(pathOf(volume), volume.capacityBytes);
    },
    usage: async (volume) => {
      if (volume.isBlock) return { bytes: { total: volume.capacityBytes, used: 0n }, inodes: undefined };
      const { used, inodes } = await countBytes(pathOf(volume));
      return { bytes: { total: volume.capacityBytes, used }, inodes: { total: 65_536n, used: inodes } };
    },
  };
};

const createSnapshotStorage = (root: string): SnapshotStorage => {
  const pathOf = (id: string): string => join(root, "snapshots", id);
  return {
    create: async (id, volume) => {
      await rm(pathOf(id), { recursive: true, force: true });
      await cp(join(root, "volumes", volume.id), pathOf(id), { recursive: true, verbatimSymlinks: true });
    },
    remove: (id) => rm(pathOf(id), { recursive: true, force: true }),
  };
};

/** A symbolic link stands for the mount, so that no privilege is needed: what is written through the target is the volume's. */
const createMounts = (root: string): VolumeMounts => ({
  checkPath: async () => undefined,
  stage: async (volume, stagingPath) => {
    const isThere = await stat(stagingPath).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isThere) throw new CsiStatusError("failed-precondition", `the staging path of volume ${volume.id} is no directory`);
  },
  unstage: async () => undefined,
  publish: async (volume, { targetPath }) => {
    const found = await lstat(targetPath).catch(() => undefined);
    if (found?.isDirectory() === true) await rmdir(targetPath);
    else await rm(targetPath, { force: true });
    await symlink(join(root, "volumes", volume.id), targetPath).catch((error: unknown) => {
      throw new CsiStatusError("internal", `cannot publish volume ${volume.id} below ${dirname(targetPath)}: ${String(error)}`);
    });
  },
  unpublish: async (_volume, targetPath) => {
    const found = await lstat(targetPath).catch(() => undefined);
    if (found?.isSymbolicLink() === true) await rm(targetPath);
  },
});

/** Keeps volumes as plain files and directories below a directory of its own. Read-only publishing is remembered, not enforced. */
export const createMemoryBackend = async (root: string): Promise<DriverBackend> => {
  await mkdir(join(root, "volumes"), { recursive: true });
  await mkdir(join(root, "snapshots"), { recursive: true });
  return { volumes: createVolumeStorage(root), snapshots: createSnapshotStorage(root), mounts: createMounts(root) };
};
