import { VolumeCapability_AccessMode_Mode as Mode, VolumeUsage_Unit as Unit } from "../../gen/csi/v1/csi.ts";
import type { DeepPartial, NodePublishVolumeRequest, VolumeUsage } from "../../gen/csi/v1/csi.ts";
import type { CsiHandlers } from "../server.ts";
import { CsiStatusError, notFound } from "../status-error.ts";
import { checkFit, findVolume } from "./lookups.ts";
import type { DriverBackend } from "./ports.ts";
import type { DriverVolume, DriverWorld } from "./state.ts";

const measure = (unit: Unit, { total, used }: { readonly total: bigint; readonly used: bigint }): DeepPartial<VolumeUsage> => ({
  unit,
  total,
  used,
  available: total > used ? total - used : 0n,
});

/** Whether the volume is staged or published at this path, or NOT_FOUND. */
const checkPlace = (volume: DriverVolume, path: string): void => {
  if (!volume.stagedAt.includes(path) && volume.publishedAt[path] === undefined) throw notFound(`volume ${volume.id} at path`, path);
};

const checkAttached = (world: DriverWorld, volume: DriverVolume): void => {
  if (world.features.has("publishUnpublishVolume") && volume.attachments[world.nodeId] === undefined) {
    throw new CsiStatusError("failed-precondition", `volume ${volume.id} is not published to this node`);
  }
};

/** Whether there is anything left to do: false when the volume is published there in the same way already. */
const checkPublish = (world: DriverWorld, volume: DriverVolume, request: NodePublishVolumeRequest): boolean => {
  const { targetPath, stagingTargetPath, volumeCapability } = request;
  checkFit(volume, volumeCapability);
  checkAttached(world, volume);
  if (world.features.has("stageUnstage") && !volume.stagedAt.includes(stagingTargetPath)) {
    throw new CsiStatusError("failed-precondition", `volume ${volume.id} is not staged at ${JSON.stringify(stagingTargetPath)}`);
  }
  const before = volume.publishedAt[targetPath];
  if (before !== undefined && before.isReadonly !== request.readonly) {
    throw new CsiStatusError("already-exists", `volume ${volume.id} is published at ${targetPath} in another way`);
  }
  const isElsewhere = Object.keys(volume.publishedAt).some((path) => path !== targetPath);
  if (isElsewhere && volumeCapability?.accessMode?.mode === Mode.SINGLE_NODE_SINGLE_WRITER) {
    throw new CsiStatusError("failed-precondition", `volume ${volume.id} is for one workload and has one`);
  }
  return before === undefined;
};

const without = <T>(entries: { readonly [key: string]: T }, gone: string): { readonly [key: string]: T } =>
  Object.fromEntries(Object.entries(entries).filter(([key]) => key !== gone));

/** Volumes on the node. */
export const createNodeHandlers = (world: DriverWorld, backend: DriverBackend): CsiHandlers => {
  const { state } = world;
  const { mounts, volumes } = backend;
  return {
    nodeGetInfo: () => ({
      nodeId: world.nodeId,
      maxVolumesPerNode: BigInt(world.maxVolumesPerNode),
      ...(world.features.has("topology") ? { accessibleTopology: { segments: { [world.topologyKey]: world.nodeId } } } : {}),
    }),
    nodeStageVolume: async ({ volumeId, stagingTargetPath, volumeCapability }) => {
      const volume = findVolume(state, volumeId);
      checkFit(volume, volumeCapability);
      checkAttached(world, volume);
      await mounts.checkPath(stagingTargetPath);
      if (volume.stagedAt.includes(stagingTargetPath)) return {};
      await mounts.stage(volume, stagingTargetPath);
      state.volumes.set(volumeId, { ...volume, stagedAt: [...volume.stagedAt, stagingTargetPath] });
      return {};
    },
    nodeUnstageVolume: async ({ volumeId, stagingTargetPath }) => {
      const volume = findVolume(state, volumeId);
      await mounts.checkPath(stagingTargetPath);
      if (Object.keys(volume.publishedAt).length > 0)
        throw new CsiStatusError("failed-precondition", `volume ${volumeId} is still published`);
      const stagedAt = volume.stagedAt.filter((path) => path !== stagingTargetPath);
      if (stagedAt.length === 0) await mounts.unstage(volume, stagingTargetPath);
      state.volumes.set(volumeId, { ...volume, stagedAt });
      return {};
    },
    nodePublishVolume: async (request) => {
      const { volumeId, targetPath, readonly: isReadonly } = request;
      const volume = findVolume(state, volumeId);
      await mounts.checkPath(targetPath);
      if (!checkPublish(world, volume, request)) return {};
      await mounts.publish(volume, { targetPath, isReadonly });
      state.volumes.set(volumeId, { ...volume, publishedAt: { ...volume.publishedAt, [targetPath]: { isReadonly } } });
      return {};
    },
    nodeUnpublishVolume: async ({ volumeId, targetPath }) => {
      const volume = findVolume(state, volumeId);
      await mounts.checkPath(targetPath);
      await mounts.unpublish(volume, targetPath);
      state.volumes.set(volumeId, { ...volume, publishedAt: without(volume.publishedAt, targetPath) });
      return {};
    },
    nodeGetVolumeStats: async ({ volumeId, volumePath }) => {
      const volume = findVolume(state, volumeId);
      checkPlace(volume, volumePath);
      const { bytes, inodes } = await volumes.usage(volume);
      return {
        usage: [measure(Unit.BYTES, bytes), ...(inodes === undefined ? [] : [measure(Unit.INODES, inodes)])],
        ...(world.features.has("nodeVolumeCondition") ? { volumeCondition: { abnormal: false, message: "" } } : {}),
      };
    },
    nodeExpandVolume: async ({ volumeId, volumePath, capacityRange, volumeCapability }) => {
      const volume = findVolume(state, volumeId);
      checkFit(volume, volumeCapability);
      checkPlace(volume, volumePath);
      if ((capacityRange?.requiredBytes ?? 0n) > volume.capacityBytes)
        throw new CsiStatusError("out-of-range", `volume ${volumeId} has ${String(volume.capacityBytes)} bytes`);
      await volumes.expand(volume);
      return { capacityBytes: volume.capacityBytes };
    },
  };
};
