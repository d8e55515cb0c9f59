import { ControllerServiceCapability_RPC_Type as ControllerRpc } from "./gen/csi/v1/csi.ts";
import { GroupControllerServiceCapability_RPC_Type as GroupRpc } from "./gen/csi/v1/csi.ts";
import { NodeServiceCapability_RPC_Type as NodeRpc } from "./gen/csi/v1/csi.ts";
import { PluginCapability_Service_Type as PluginService, PluginCapability_VolumeExpansion_Type as Expansion } from "./gen/csi/v1/csi.ts";
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

/** Capabilities that this version does not know are ignored, as the specification asks. */
export const computeSupports = (answers: CapabilityAnswers): CsiSupports => {
  const services = new Set<number>(answers.plugin.map(({ type }) => (type?.$case === "service" ? type.value.type : PluginService.UNKNOWN)));
  const expansions = new Set<number>(
    answers.plugin.map(({ type }) => (type?.$case === "volumeExpansion" ? type.value.type : Expansion.UNKNOWN)),
  );
  const controller = new Set<number>((answers.controller ?? []).map(({ type }) => type?.value.type ?? ControllerRpc.UNKNOWN));
  const group = new Set<number>((answers.group ?? []).map(({ type }) => type?.value.type ?? GroupRpc.UNKNOWN));
  const node = new Set<number>((answers.node ?? []).map(({ type }) => type?.value.type ?? NodeRpc.UNKNOWN));
  return {
    controller: services.has(PluginService.CONTROLLER_SERVICE),
    groupController: services.has(PluginService.GROUP_CONTROLLER_SERVICE),
    node: answers.node !== undefined,
    topology: services.has(PluginService.VOLUME_ACCESSIBILITY_CONSTRAINTS),
    snapshotMetadata: services.has(PluginService.SNAPSHOT_METADATA_SERVICE),
    onlineExpansion: expansions.has(Expansion.ONLINE),
    offlineExpansion: expansions.has(Expansion.OFFLINE),
    createDeleteVolume: controller.has(ControllerRpc.CREATE_DELETE_VOLUME),
    publishUnpublishVolume: controller.has(ControllerRpc.PUBLISH_UNPUBLISH_VOLUME),
    publishReadonly: controller.has(ControllerRpc.PUBLISH_READONLY),
    listVolumes: controller.has(ControllerRpc.LIST_VOLUMES),
    listVolumesPublishedNodes: controller.has(ControllerRpc.LIST_VOLUMES_PUBLISHED_NODES),
    getVolume: controller.has(ControllerRpc.GET_VOLUME),
    getCapacity: controller.has(ControllerRpc.GET_CAPACITY),
    createDeleteSnapshot: controller.has(ControllerRpc.CREATE_DELETE_SNAPSHOT),
    listSnapshots: controller.has(ControllerRpc.LIST_SNAPSHOTS),
    getSnapshot: controller.has(ControllerRpc.GET_SNAPSHOT),
    cloneVolume: controller.has(ControllerRpc.CLONE_VOLUME),
    controllerExpand: controller.has(ControllerRpc.EXPAND_VOLUME),
    modifyVolume: controller.has(ControllerRpc.MODIFY_VOLUME),
    controllerVolumeCondition: controller.has(ControllerRpc.VOLUME_CONDITION),
    controllerSingleNodeModes: controller.has(ControllerRpc.SINGLE_NODE_MULTI_WRITER),
    stageUnstage: node.has(NodeRpc.STAGE_UNSTAGE_VOLUME),
    volumeStats: node.has(NodeRpc.GET_VOLUME_STATS),
    nodeExpand: node.has(NodeRpc.EXPAND_VOLUME),
    nodeVolumeCondition: node.has(NodeRpc.VOLUME_CONDITION),
    nodeSingleNodeModes: node.has(NodeRpc.SINGLE_NODE_MULTI_WRITER),
    volumeMountGroup: node.has(NodeRpc.VOLUME_MOUNT_GROUP),
    groupSnapshots: group.has(GroupRpc.CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT),
  };
};
