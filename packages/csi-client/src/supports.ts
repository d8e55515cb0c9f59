import {
  CONTROLLER_CAPABILITIES,
  EXPANSION_CAPABILITIES,
  GROUP_CAPABILITIES,
  NODE_CAPABILITIES,
  SERVICE_CAPABILITIES,
} from "./capability-table.ts";
import type {
  ControllerServiceCapability,
  GroupControllerServiceCapability,
  NodeServiceCapability,
  PluginCapability,
} from "./gen/csi/v1/csi.ts";

/** What a driver says it can do, by name. */
export interface CsiSupports {
  /** The Controller service is served: CONTROLLER_SERVICE. */
  readonly controller: boolean;
  /** The GroupController service is served: GROUP_CONTROLLER_SERVICE. */
  readonly groupController: boolean;
  /** The Node service is served: it answers NodeGetCapabilities. */
  readonly node: boolean;
  /** Volumes are not usable from everywhere: VOLUME_ACCESSIBILITY_CONSTRAINTS. */
  readonly topology: boolean;
  /** The SnapshotMetadata service is served somewhere: SNAPSHOT_METADATA_SERVICE. */
  readonly snapshotMetadata: boolean;
  /** Volumes grow while published. */
  readonly onlineExpansion: boolean;
  /** Volumes grow while not published. */
  readonly offlineExpansion: boolean;
  readonly createDeleteVolume: boolean;
  readonly publishUnpublishVolume: boolean;
  readonly publishReadonly: boolean;
  readonly listVolumes: boolean;
  readonly listVolumesPublishedNodes: boolean;
  readonly getVolume: boolean;
  readonly getCapacity: boolean;
  readonly createDeleteSnapshot: boolean;
  readonly listSnapshots: boolean;
  readonly getSnapshot: boolean;
  readonly cloneVolume: boolean;
  /** ControllerExpandVolume. */
  readonly controllerExpand: boolean;
  readonly modifyVolume: boolean;
  /** The controller tells of volumes that are not well. */
  readonly controllerVolumeCondition: boolean;
  /** The controller knows the modes SINGLE_NODE_SINGLE_WRITER and SINGLE_NODE_MULTI_WRITER. */
  readonly controllerSingleNodeModes: boolean;
  readonly stageUnstage: boolean;
  readonly volumeStats: boolean;
  /** NodeExpandVolume. */
  readonly nodeExpand: boolean;
  /** The node tells of volumes that are not well. */
  readonly nodeVolumeCondition: boolean;
  /** The node knows the modes SINGLE_NODE_SINGLE_WRITER and SINGLE_NODE_MULTI_WRITER. */
  readonly nodeSingleNodeModes: boolean;
  /** The driver sets the group of files itself. */
  readonly volumeMountGroup: boolean;
  /** CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT. */
  readonly groupSnapshots: boolean;
}

/** What the driver answered; a service that is not served is undefined. */
export interface CapabilityAnswers {
  readonly plugin: readonly PluginCapability[];
  readonly controller: readonly ControllerServiceCapability[] | undefined;
  readonly group: readonly GroupControllerServiceCapability[] | undefined;
  readonly node: readonly NodeServiceCapability[] | undefined;
}

interface Advertised {
  readonly type?: { readonly $case: string; readonly value: { readonly type: number } } | undefined;
}

/** Which names of a table are advertised, of the kind `kind`. */
const namesIn = (
  table: readonly (readonly [name: keyof CsiSupports, type: number])[],
  advertised: readonly Advertised[] | undefined,
  kind: string,
): readonly (readonly [name: keyof CsiSupports, isAdvertised: boolean])[] => {
  const types = new Set((advertised ?? []).map(({ type }) => (type?.$case === kind ? type.value.type : undefined)));
  return table.map(([name, type]) => [name, types.has(type)]);
};

/** Capabilities that this version does not know are ignored, as the specification asks. */
export const computeSupports = (answers: CapabilityAnswers): CsiSupports => {
  const { plugin, controller, group, node } = answers;
  // The tables have every name but this one, which no capability stands for.
  return Object.fromEntries([
    ["node", node !== undefined],
    ...namesIn(SERVICE_CAPABILITIES, plugin, "service"),
    ...namesIn(EXPANSION_CAPABILITIES, plugin, "volumeExpansion"),
    ...namesIn(CONTROLLER_CAPABILITIES, controller, "rpc"),
    ...namesIn(NODE_CAPABILITIES, node, "rpc"),
    ...namesIn(GROUP_CAPABILITIES, group, "rpc"),
  ]) as unknown as CsiSupports;
};
