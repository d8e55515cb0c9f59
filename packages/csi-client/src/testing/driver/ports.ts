import type { DriverVolume } from "./state.ts";

/** What a volume is filled from at its creation. */
export interface ContentSource {
  readonly kind: "volume" | "snapshot";
  readonly id: string;
}

/**
 * Where volumes have their bytes. Every function may be called again after a failure or a crash and then finishes what was begun; one
 * volume has one call at a time. Rejects with a `CsiStatusError` for a status of its own, anything else is INTERNAL.
 */
export interface VolumeStorage {
  create(volume: DriverVolume, source: ContentSource | undefined): Promise<void>;
  /** Succeeds when there is nothing. */
  remove(volume: DriverVolume): Promise<void>;
  /** The volume has its new capacity already. */
  expand(volume: DriverVolume): Promise<void>;
  /** Bytes and inodes in use; `total` 0 where it is not limited. Called for volumes that are staged or published. */
  usage(volume: DriverVolume): Promise<StorageUsage>;
}

/** How full a volume is. */
export interface StorageUsage {
  readonly bytes: { readonly total: bigint; readonly used: bigint };
  /** Undefined for block volumes. */
  readonly inodes: { readonly total: bigint; readonly used: bigint } | undefined;
}

/** Where snapshots have theirs. As {@link VolumeStorage}. */
export interface SnapshotStorage {
  create(snapshotId: string, volume: DriverVolume): Promise<void>;
  remove(snapshotId: string): Promise<void>;
}

/** How a volume is to be published. */
export interface PublishTarget {
  readonly targetPath: string;
  readonly isReadonly: boolean;
}

/** How volumes get to where workloads see them. As {@link VolumeStorage}. */
export interface VolumeMounts {
  /** Throws INVALID_ARGUMENT for a path that this driver does not touch. */
  checkPath(path: string): Promise<void>;
  stage(volume: DriverVolume, stagingPath: string): Promise<void>;
  unstage(volume: DriverVolume, stagingPath: string): Promise<void>;
  /** Makes the target; its parent is there. */
  publish(volume: DriverVolume, target: PublishTarget): Promise<void>;
  /** Removes the target; succeeds when there is none. */
  unpublish(volume: DriverVolume, targetPath: string): Promise<void>;
}

/** What a driver is made on. */
export interface DriverBackend {
  readonly volumes: VolumeStorage;
  readonly snapshots: SnapshotStorage;
  readonly mounts: VolumeMounts;
}
