import type { CsiSupports } from "../../supports.ts";
import type { ContentSource } from "./ports.ts";

/** How a volume is published at one path. */
export interface DriverPublication {
  readonly isReadonly: boolean;
}

/** A volume of a driver. Changes replace it. */
export interface DriverVolume {
  readonly id: string;
  readonly name: string;
  readonly capacityBytes: bigint;
  readonly isBlock: boolean;
  readonly parameters: { readonly [key: string]: string };
  readonly mutableParameters: { readonly [key: string]: string };
  readonly source: ContentSource | undefined;
  /** Node id -> whether read-only. */
  readonly attachments: { readonly [nodeId: string]: boolean };
  readonly stagedAt: readonly string[];
  /** By target path. */
  readonly publishedAt: { readonly [targetPath: string]: DriverPublication };
}

/** A snapshot of a driver. */
export interface DriverSnapshot {
  readonly id: string;
  readonly name: string;
  readonly sourceVolumeId: string;
  readonly sizeBytes: bigint;
  readonly isBlock: boolean;
  readonly createdAtMs: number;
  /** Empty when it is in no group. */
  readonly groupId: string;
}

/** A group of snapshots. */
export interface DriverGroup {
  readonly id: string;
  readonly name: string;
  readonly sourceVolumeIds: readonly string[];
  readonly snapshotIds: readonly string[];
  readonly createdAtMs: number;
}

/** All that a driver has to remember. */
export interface DriverState {
  readonly volumes: Map<string, DriverVolume>;
  readonly snapshots: Map<string, DriverSnapshot>;
  readonly groups: Map<string, DriverGroup>;
}

/** Nothing yet. */
export const createDriverState = (): DriverState => ({ volumes: new Map(), snapshots: new Map(), groups: new Map() });

/** What the handlers share. */
export interface DriverWorld {
  readonly state: DriverState;
  readonly features: ReadonlySet<keyof CsiSupports>;
  readonly nodeId: string;
  /** Key of this node's topology segment. */
  readonly topologyKey: string;
  readonly maxVolumeBytes: bigint;
  readonly totalBytes: bigint;
  readonly defaultVolumeBytes: bigint;
  readonly maxVolumesPerNode: number;
  readonly mutableKeys: readonly string[];
  nowMs(): number;
}
