import type { DeepPartial, Snapshot, VolumeGroupSnapshot } from "../../gen/csi/v1/csi.ts";
import type { CsiHandlers } from "../server.ts";
import { CsiStatusError, invalidArgument, notFound } from "../status-error.ts";
import { findSnapshot, findVolume, idOf, pageOf } from "./lookups.ts";
import type { SnapshotStorage } from "./ports.ts";
import type { DriverGroup, DriverSnapshot, DriverWorld } from "./state.ts";

const describeSnapshot = (snapshot: DriverSnapshot): DeepPartial<Snapshot> => ({
  snapshotId: snapshot.id,
  sourceVolumeId: snapshot.sourceVolumeId,
  sizeBytes: snapshot.sizeBytes,
  creationTime: new Date(snapshot.createdAtMs),
  readyToUse: true,
  groupSnapshotId: snapshot.groupId,
});

const describeGroup = (world: DriverWorld, group: DriverGroup): DeepPartial<VolumeGroupSnapshot> => ({
  groupSnapshotId: group.id,
  snapshots: group.snapshotIds.map((id) => describeSnapshot(findSnapshot(world.state, id))),
  creationTime: new Date(group.createdAtMs),
  readyToUse: true,
});

const takeSnapshot = async (
  world: DriverWorld,
  storage: SnapshotStorage,
  what: { readonly name: string; readonly sourceVolumeId: string; readonly groupId: string },
): Promise<DriverSnapshot> => {
  const volume = findVolume(world.state, what.sourceVolumeId);
  const id = idOf("snapshot", what.name);
  await storage.create(id, volume);
  const snapshot = { ...what, id, sizeBytes: volume.capacityBytes, isBlock: volume.isBlock, createdAtMs: world.nowMs() };
  world.state.snapshots.set(id, snapshot);
  return snapshot;
};

const isSameSet = (a: readonly string[], b: readonly string[]): boolean => new Set(a).symmetricDifference(new Set(b)).size === 0;

/** Snapshots of one volume. */
export const createSnapshotHandlers = (world: DriverWorld, storage: SnapshotStorage): CsiHandlers => {
  const { state } = world;
  return {
    createSnapshot: async ({ name, sourceVolumeId }) => {
      const found = state.snapshots.get(idOf("snapshot", name));
      if (found !== undefined && found.sourceVolumeId !== sourceVolumeId) {
        throw new CsiStatusError("already-exists", `there is a snapshot ${JSON.stringify(name)} of another volume`);
      }
      return { snapshot: describeSnapshot(found ?? (await takeSnapshot(world, storage, { name, sourceVolumeId, groupId: "" }))) };
    },
    deleteSnapshot: async ({ snapshotId }) => {
      const snapshot = state.snapshots.get(snapshotId);
      if (snapshot === undefined) return {};
      if (snapshot.groupId !== "") throw invalidArgument(`snapshot ${snapshotId} is deleted with its group ${snapshot.groupId}`);
      await storage.remove(snapshotId);
      state.snapshots.delete(snapshotId);
      return {};
    },
    getSnapshot: ({ snapshotId }) => ({ snapshot: describeSnapshot(findSnapshot(state, snapshotId)) }),
    listSnapshots: (request) => {
      const { sourceVolumeId, snapshotId } = request;
      const matching = [...state.snapshots.values()].filter(
        (snapshot) =>
          (snapshotId === "" || snapshot.id === snapshotId) && (sourceVolumeId === "" || snapshot.sourceVolumeId === sourceVolumeId),
      );
      const { items, nextToken } = pageOf(matching, request);
      return { entries: items.map((snapshot) => ({ snapshot: describeSnapshot(snapshot) })), nextToken };
    },
  };
};

/** Snapshots of several volumes at a time. */
export const createGroupHandlers = (world: DriverWorld, storage: SnapshotStorage): CsiHandlers => {
  const { state } = world;
  const checkMembers = (group: DriverGroup, snapshotIds: readonly string[]): void => {
    if (snapshotIds.length > 0 && !isSameSet(group.snapshotIds, snapshotIds))
      throw invalidArgument(`these are not the snapshots of group ${group.id}`);
  };
  return {
    createVolumeGroupSnapshot: async ({ name, sourceVolumeIds }) => {
      const groupId = idOf("group", name);
      const found = state.groups.get(groupId);
      if (found !== undefined) {
        if (!isSameSet(found.sourceVolumeIds, sourceVolumeIds))
          throw new CsiStatusError("already-exists", `there is a group ${JSON.stringify(name)} of other volumes`);
        return { groupSnapshot: describeGroup(world, found) };
      }
      const sources = [...new Set(sourceVolumeIds)];
      for (const sourceVolumeId of sources) findVolume(state, sourceVolumeId);
      const snapshotIds: string[] = [];
      for (const sourceVolumeId of sources) {
        const { id } = await takeSnapshot(world, storage, { name: `${groupId} ${sourceVolumeId}`, sourceVolumeId, groupId });
        snapshotIds.push(id);
      }
      const group = { id: groupId, name, sourceVolumeIds: sources, snapshotIds, createdAtMs: world.nowMs() };
      state.groups.set(groupId, group);
      return { groupSnapshot: describeGroup(world, group) };
    },
    deleteVolumeGroupSnapshot: async ({ groupSnapshotId, snapshotIds }) => {
      const group = state.groups.get(groupSnapshotId);
      if (group === undefined) return {};
      checkMembers(group, snapshotIds);
      for (const id of group.snapshotIds) {
        await storage.remove(id);
        state.snapshots.delete(id);
      }
      state.groups.delete(groupSnapshotId);
      return {};
    },
    getVolumeGroupSnapshot: ({ groupSnapshotId, snapshotIds }) => {
      const group = state.groups.get(groupSnapshotId);
      if (group === undefined) throw notFound("group snapshot", groupSnapshotId);
      checkMembers(group, snapshotIds);
      return { groupSnapshot: describeGroup(world, group) };
    },
  };
};
