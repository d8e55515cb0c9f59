import type {
  ControllerExpandVolumeRequest,
  ControllerExpandVolumeResponse,
  CreateSnapshotResponse,
  CreateVolumeGroupSnapshotResponse,
  CreateVolumeRequest,
  CreateVolumeResponse,
  GetPluginInfoResponse,
  NodeGetInfoResponse,
} from "./gen/csi/v1/csi.ts";
import type { CsiMethods } from "./gen/csi/v1/methods.ts";

type Check = (answer: object, request: object) => string | undefined;

const checkVolume: Check = (answer, request) => {
  const { volume } = answer as CreateVolumeResponse;
  const { capacityRange } = request as CreateVolumeRequest;
  if (volume === undefined || volume.volumeId === "") return "there is no volume id";
  const { capacityBytes } = volume;
  if (capacityBytes < 0n) return `the volume has ${String(capacityBytes)} bytes`;
  if (capacityRange === undefined || capacityBytes === 0n) return undefined;
  const { requiredBytes, limitBytes } = capacityRange;
  if (capacityBytes < requiredBytes) return `the volume has ${String(capacityBytes)} bytes, ${String(requiredBytes)} were required`;
  if (limitBytes > 0n && capacityBytes > limitBytes)
    return `the volume has ${String(capacityBytes)} bytes, past the limit of ${String(limitBytes)}`;
  return undefined;
};

const checkExpansion: Check = (answer, request) => {
  const { capacityBytes } = answer as ControllerExpandVolumeResponse;
  const requiredBytes = (request as ControllerExpandVolumeRequest).capacityRange?.requiredBytes ?? 0n;
  return capacityBytes < requiredBytes
    ? `the volume has ${String(capacityBytes)} bytes, ${String(requiredBytes)} were required`
    : undefined;
};

const checkSnapshot: Check = (answer) => {
  const { snapshot } = answer as CreateSnapshotResponse;
  return snapshot === undefined || snapshot.snapshotId === "" ? "there is no snapshot id" : undefined;
};

const checkGroup: Check = (answer) => {
  const { groupSnapshot } = answer as CreateVolumeGroupSnapshotResponse;
  return groupSnapshot === undefined || groupSnapshot.groupSnapshotId === "" ? "there is no group snapshot id" : undefined;
};

const checkName: Check = (answer) => ((answer as GetPluginInfoResponse).name === "" ? "the driver has no name" : undefined);

const checkNode: Check = (answer) => ((answer as NodeGetInfoResponse).nodeId === "" ? "the node has no id" : undefined);

const CHECKS: { readonly [method in keyof CsiMethods]?: Check } = {
  getPluginInfo: checkName,
  createVolume: checkVolume,
  createSnapshot: checkSnapshot,
  createVolumeGroupSnapshot: checkGroup,
  controllerExpandVolume: checkExpansion,
  nodeGetInfo: checkNode,
};

/** What is wrong with an answer that its caller could not go on with, or undefined. */
export const findLie = (method: keyof CsiMethods, answer: object, request: object): string | undefined => CHECKS[method]?.(answer, request);
