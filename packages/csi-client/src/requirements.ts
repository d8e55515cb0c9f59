import { VolumeCapability_AccessMode_Mode as Mode } from "./gen/csi/v1/csi.ts";
import type { VolumeCapability, VolumeContentSource } from "./gen/csi/v1/csi.ts";
import type { CsiMethods } from "./gen/csi/v1/methods.ts";
import type { CsiSupports } from "./supports.ts";

/** What a driver must be able to do before a call makes sense; undefined for what every driver of the service has to serve. */
export const REQUIRED_SUPPORT: { readonly [K in keyof CsiMethods]: keyof CsiSupports | undefined } = {
  getPluginInfo: undefined,
  getPluginCapabilities: undefined,
  probe: undefined,
  createVolume: "createDeleteVolume",
  deleteVolume: "createDeleteVolume",
  controllerPublishVolume: "publishUnpublishVolume",
  controllerUnpublishVolume: "publishUnpublishVolume",
  validateVolumeCapabilities: "controller",
  listVolumes: "listVolumes",
  getCapacity: "getCapacity",
  controllerGetCapabilities: "controller",
  createSnapshot: "createDeleteSnapshot",
  deleteSnapshot: "createDeleteSnapshot",
  listSnapshots: "listSnapshots",
  getSnapshot: "getSnapshot",
  controllerExpandVolume: "controllerExpand",
  controllerGetVolume: "getVolume",
  controllerModifyVolume: "modifyVolume",
  groupControllerGetCapabilities: "groupController",
  createVolumeGroupSnapshot: "groupSnapshots",
  deleteVolumeGroupSnapshot: "groupSnapshots",
  getVolumeGroupSnapshot: "groupSnapshots",
  nodeStageVolume: "stageUnstage",
  nodeUnstageVolume: "stageUnstage",
  nodePublishVolume: "node",
  nodeUnpublishVolume: "node",
  nodeGetVolumeStats: "volumeStats",
  nodeExpandVolume: "nodeExpand",
  nodeGetCapabilities: "node",
  nodeGetInfo: "node",
};

/** The fields of requests that a driver may not know. */
interface DemandingFields {
  readonly volumeContentSource?: VolumeContentSource | undefined;
  readonly accessibilityRequirements?: object | undefined;
  readonly readonly?: boolean;
  readonly volumeCapability?: VolumeCapability | undefined;
  readonly volumeCapabilities?: readonly VolumeCapability[];
}

interface Demand {
  readonly support: keyof CsiSupports;
  /** The words of the refusal. */
  readonly what: string;
}

const NARROW_MODES: ReadonlySet<number> = new Set([Mode.SINGLE_NODE_SINGLE_WRITER, Mode.SINGLE_NODE_MULTI_WRITER]);

const demandsOf = (method: keyof CsiMethods, fields: DemandingFields): readonly Demand[] => {
  const demands: Demand[] = [];
  const source = fields.volumeContentSource?.type?.$case;
  if (source === "volume") demands.push({ support: "cloneVolume", what: "a volume as content source" });
  if (source === "snapshot") demands.push({ support: "createDeleteSnapshot", what: "a snapshot as content source" });
  if (fields.accessibilityRequirements !== undefined) demands.push({ support: "topology", what: "topology requirements" });
  if (method === "controllerPublishVolume" && fields.readonly === true) {
    demands.push({ support: "publishReadonly", what: "publishing read-only" });
  }
  const capabilities = [...(fields.volumeCapabilities ?? []), ...(fields.volumeCapability === undefined ? [] : [fields.volumeCapability])];
  const isNode = method.startsWith("node");
  for (const { accessMode, accessType } of capabilities) {
    if (NARROW_MODES.has(accessMode?.mode ?? Mode.UNKNOWN)) {
      demands.push({
        support: isNode ? "nodeSingleNodeModes" : "controllerSingleNodeModes",
        what: "an access mode for one workload or several of a node",
      });
    }
    if (isNode && accessType?.$case === "mount" && accessType.value.volumeMountGroup !== "") {
      demands.push({ support: "volumeMountGroup", what: "a group for the files of a volume" });
    }
  }
  return demands;
};

/** Why this driver must not be sent this request, or undefined when it may. */
export const computeRefusal = (
  method: keyof CsiMethods,
  request: object,
  driver: { readonly name: string; readonly supports: CsiSupports },
): string | undefined => {
  const required = REQUIRED_SUPPORT[method];
  // A driver may tell of a volume's condition alone.
  if (method === "nodeGetVolumeStats" && driver.supports.nodeVolumeCondition) return undefined;
  if (required !== undefined && !driver.supports[required])
    return `driver ${driver.name} does not support it (supports.${required} is false)`;
  const unmet = demandsOf(method, request as DemandingFields).find(({ support }) => !driver.supports[support]);
  return unmet === undefined ? undefined : `driver ${driver.name} does not support ${unmet.what} (supports.${unmet.support} is false)`;
};
