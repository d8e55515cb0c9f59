import { ControllerServiceCapability_RPC_Type as ControllerRpc } from "../../gen/csi/v1/csi.ts";
import { GroupControllerServiceCapability_RPC_Type as GroupRpc } from "../../gen/csi/v1/csi.ts";
import { NodeServiceCapability_RPC_Type as NodeRpc } from "../../gen/csi/v1/csi.ts";
import {
  PluginCapability_Service_Type as PluginService,
  PluginCapability_VolumeExpansion_Type as Expansion,
} from "../../gen/csi/v1/csi.ts";
import type { CsiSupports } from "../../supports.ts";
import type { CsiHandlers } from "../server.ts";

type Feature = keyof CsiSupports;
type Named<T> = readonly (readonly [feature: Feature, type: T])[];

const SERVICES: Named<PluginService> = [
  ["controller", PluginService.CONTROLLER_SERVICE],
  ["groupController", PluginService.GROUP_CONTROLLER_SERVICE],
  ["topology", PluginService.VOLUME_ACCESSIBILITY_CONSTRAINTS],
];
const EXPANSIONS: Named<Expansion> = [
  ["onlineExpansion", Expansion.ONLINE],
  ["offlineExpansion", Expansion.OFFLINE],
];
const CONTROLLER: Named<ControllerRpc> = [
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
const NODE: Named<NodeRpc> = [
  ["stageUnstage", NodeRpc.STAGE_UNSTAGE_VOLUME],
  ["volumeStats", NodeRpc.GET_VOLUME_STATS],
  ["nodeExpand", NodeRpc.EXPAND_VOLUME],
  ["nodeVolumeCondition", NodeRpc.VOLUME_CONDITION],
  ["nodeSingleNodeModes", NodeRpc.SINGLE_NODE_MULTI_WRITER],
  ["volumeMountGroup", NodeRpc.VOLUME_MOUNT_GROUP],
];
const GROUP: Named<GroupRpc> = [["groupSnapshots", GroupRpc.CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT]];

/** Everything that {@link createDriverHandlers} can serve. */
export const ALL_FEATURES: readonly Feature[] = [
  "node",
  ...[...SERVICES, ...EXPANSIONS, ...CONTROLLER, ...NODE, ...GROUP]
    .map(([feature]) => feature)
    .filter((feature) => feature !== "volumeMountGroup"),
];

const typesOf = <T>(table: Named<T>, features: ReadonlySet<Feature>): readonly T[] =>
  table.filter(([feature]) => features.has(feature)).map(([, type]) => type);

/** Who the driver is, and the capabilities of its services. */
export const createIdentityHandlers = (options: {
  readonly name: string;
  readonly vendorVersion: string;
  readonly features: ReadonlySet<Feature>;
  readonly isReady: () => boolean;
}): CsiHandlers => {
  const { name, vendorVersion, features, isReady } = options;
  return {
    getPluginInfo: () => ({ name, vendorVersion }),
    getPluginCapabilities: () => ({
      capabilities: [
        ...typesOf(SERVICES, features).map((type) => ({ type: { $case: "service" as const, value: { type } } })),
        ...typesOf(EXPANSIONS, features).map((type) => ({ type: { $case: "volumeExpansion" as const, value: { type } } })),
      ],
    }),
    probe: () => ({ ready: isReady() }),
    controllerGetCapabilities: () => ({
      capabilities: typesOf(CONTROLLER, features).map((type) => ({ type: { $case: "rpc" as const, value: { type } } })),
    }),
    groupControllerGetCapabilities: () => ({
      capabilities: typesOf(GROUP, features).map((type) => ({ type: { $case: "rpc" as const, value: { type } } })),
    }),
    nodeGetCapabilities: () => ({
      capabilities: typesOf(NODE, features).map((type) => ({ type: { $case: "rpc" as const, value: { type } } })),
    }),
  };
};
