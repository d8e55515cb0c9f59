import { ControllerServiceCapability_RPC_Type as ControllerRpc } from "./gen/csi/v1/csi.ts";
import { GroupControllerServiceCapability_RPC_Type as GroupRpc } from "./gen/csi/v1/csi.ts";
import { NodeServiceCapability_RPC_Type as NodeRpc } from "./gen/csi/v1/csi.ts";
import { PluginCapability_Service_Type as PluginService, PluginCapability_VolumeExpansion_Type as Expansion } from "./gen/csi/v1/csi.ts";
import type { CsiSupports } from "./supports.ts";

/** Our names of the protocol's capabilities, of one kind each. */
type Named<T> = readonly (readonly [name: keyof CsiSupports, type: T])[];

/** What the plugin as a whole serves. */
export const SERVICE_CAPABILITIES: Named<PluginService> = [
  ["controller", PluginService.CONTROLLER_SERVICE],
  ["groupController", PluginService.GROUP_CONTROLLER_SERVICE],
  ["topology", PluginService.VOLUME_ACCESSIBILITY_CONSTRAINTS],
  ["snapshotMetadata", PluginService.SNAPSHOT_METADATA_SERVICE],
];

/** When volumes grow. */
export const EXPANSION_CAPABILITIES: Named<Expansion> = [
  ["onlineExpansion", Expansion.ONLINE],
  ["offlineExpansion", Expansion.OFFLINE],
];

/** Of the Controller service. */
export const CONTROLLER_CAPABILITIES: Named<ControllerRpc> = [
  ["createDeleteVolume", ControllerRpc.CREATE_DELETE_VOLUME],
  ["publishUnpublishVolume", ControllerRpc.PUBLISH_UNPUBLISH_VOLUME],
  ["publishReadonly", ControllerRpc.PUBLISH_READONLY],
  ["listVolumes", ControllerRpc.LIST_VOLUMES],
  ["listVolumesPublishedNodes", ControllerRpc.LIST_VOLUMES_PUBLISHED_NODES],
  ["getVolume", ControllerRpc.GET_VOLUME],
  ["getCapacity", ControllerRpc.GET_CAPACITY],
  ["createDeleteSnapshot", ControllerRpc.CREATE_DELETE_SNAPSHOT],
  ["listSnapshots", ControllerRpc.LIST_SNAPSHOTS],
  ["getSnapshot", ControllerRpc.GET_SNAPSHOT],
  ["cloneVolume", ControllerRpc.CLONE_VOLUME],
  ["controllerExpand", ControllerRpc.EXPAND_VOLUME],
  ["modifyVolume", ControllerRpc.MODIFY_VOLUME],
  ["controllerVolumeCondition", ControllerRpc.VOLUME_CONDITION],
  ["controllerSingleNodeModes", ControllerRpc.SINGLE_NODE_MULTI_WRITER],
];

/** Of the Node service. */
export const NODE_CAPABILITIES: Named<NodeRpc> = [
  ["stageUnstage", NodeRpc.STAGE_UNSTAGE_VOLUME],
  ["volumeStats", NodeRpc.GET_VOLUME_STATS],
  ["nodeExpand", NodeRpc.EXPAND_VOLUME],
  ["nodeVolumeCondition", NodeRpc.VOLUME_CONDITION],
  ["nodeSingleNodeModes", NodeRpc.SINGLE_NODE_MULTI_WRITER],
  ["volumeMountGroup", NodeRpc.VOLUME_MOUNT_GROUP],
];

/** Of the GroupController service. */
export const GROUP_CAPABILITIES: Named<GroupRpc> = [["groupSnapshots", GroupRpc.CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT]];
