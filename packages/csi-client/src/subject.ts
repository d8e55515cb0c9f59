import type { CsiMethods } from "./gen/csi/v1/methods.ts";

/** Fields that say what a request is about, the most telling first. */
interface Identifying {
  readonly volumeId?: string;
  readonly snapshotId?: string;
  readonly groupSnapshotId?: string;
  readonly sourceVolumeId?: string;
  readonly name?: string;
}

/** The volume, snapshot or group a request is about, by its id or by the name it is to have; undefined when it is about none. */
export const subjectOf = (request: object): string | undefined => {
  const { volumeId, snapshotId, groupSnapshotId, sourceVolumeId, name } = request as Identifying;
  return [volumeId, snapshotId, groupSnapshotId, sourceVolumeId, name].find((id) => id !== undefined && id !== "");
};

/** Calls that only look: they do not wait for a call that changes the volume, which may hang. */
const LOOKS: ReadonlySet<keyof CsiMethods> = new Set([
  "validateVolumeCapabilities",
  "listVolumes",
  "listSnapshots",
  "getCapacity",
  "getSnapshot",
  "controllerGetVolume",
  "getVolumeGroupSnapshot",
  "nodeGetVolumeStats",
]);

/**
 * Calls with the same lane go one after another: the specification wants at most one call in flight per volume. Creations go by name,
 * snapshots by the volume they are cut from. Undefined: side by side with everything.
 */
export const laneOf = (method: keyof CsiMethods, request: object): string | undefined => {
  if (LOOKS.has(method)) return undefined;
  const { volumeId, snapshotId, groupSnapshotId, sourceVolumeId, name } = request as Identifying;
  const volume = volumeId || sourceVolumeId;
  if (volume) return `volume ${volume}`;
  if (snapshotId) return `snapshot ${snapshotId}`;
  if (groupSnapshotId) return `group ${groupSnapshotId}`;
  return name ? `name ${name}` : undefined;
};
