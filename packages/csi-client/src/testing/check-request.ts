import type { VolumeCapability } from "../gen/csi/v1/csi.ts";
import type { CsiMethods } from "../gen/csi/v1/methods.ts";
import { invalidArgument } from "./status-error.ts";

/** The fields that the specification marks as required, per RPC. */
const REQUIRED_FIELDS: { readonly [method in keyof CsiMethods]?: readonly string[] } = {
  createVolume: ["name", "volumeCapabilities"],
  deleteVolume: ["volumeId"],
  controllerPublishVolume: ["volumeId", "nodeId", "volumeCapability"],
  controllerUnpublishVolume: ["volumeId"],
  validateVolumeCapabilities: ["volumeId", "volumeCapabilities"],
  createSnapshot: ["name", "sourceVolumeId"],
  deleteSnapshot: ["snapshotId"],
  getSnapshot: ["snapshotId"],
  controllerExpandVolume: ["volumeId", "capacityRange"],
  controllerGetVolume: ["volumeId"],
  controllerModifyVolume: ["volumeId", "mutableParameters"],
  createVolumeGroupSnapshot: ["name", "sourceVolumeIds"],
  deleteVolumeGroupSnapshot: ["groupSnapshotId"],
  getVolumeGroupSnapshot: ["groupSnapshotId"],
  nodeStageVolume: ["volumeId", "stagingTargetPath", "volumeCapability"],
  nodeUnstageVolume: ["volumeId", "stagingTargetPath"],
  nodePublishVolume: ["volumeId", "targetPath", "volumeCapability"],
  nodeUnpublishVolume: ["volumeId", "targetPath"],
  nodeGetVolumeStats: ["volumeId", "volumePath"],
  nodeExpandVolume: ["volumeId", "volumePath"],
};

/** Bytes of a string field without a limit of its own. */
const MAX_STRING_BYTES = 128;

const PATHS: readonly string[] = ["stagingTargetPath", "targetPath", "volumePath"];
const LIMITED: readonly string[] = ["name", "volumeId", "snapshotId", "groupSnapshotId", "sourceVolumeId"];

/** Lists and maps are there when they are not empty; messages without a field set are. */
const MAPS: readonly string[] = ["mutableParameters"];

const isMissing = (field: string, value: unknown): boolean =>
  value === undefined ||
  value === "" ||
  (Array.isArray(value) && value.length === 0) ||
  (MAPS.includes(field) && Object.keys(value as object).length === 0);

const checkCapability = ({ accessMode, accessType }: VolumeCapability): void => {
  if (accessType === undefined) throw invalidArgument("a volume capability has no access type");
  if (accessMode === undefined || accessMode.mode === 0) throw invalidArgument("a volume capability has no access mode");
};

const checkRange = ({ requiredBytes, limitBytes }: { readonly requiredBytes: bigint; readonly limitBytes: bigint }): void => {
  if (requiredBytes < 0n || limitBytes < 0n) throw invalidArgument("a capacity is negative");
  if (limitBytes > 0n && limitBytes < requiredBytes) throw invalidArgument("the limit of the capacity is below what is required");
};

/** Throws INVALID_ARGUMENT for what no driver can accept: required fields that are empty, strings that are too long, paths that are relative. */
export const checkRequest = (method: keyof CsiMethods, request: object): void => {
  const fields = request as { readonly [field: string]: unknown };
  const missing = (REQUIRED_FIELDS[method] ?? []).find((field) => isMissing(field, fields[field]));
  if (missing !== undefined) throw invalidArgument(`${missing} is missing`);
  for (const field of [...LIMITED, ...PATHS]) {
    const value = fields[field];
    if (typeof value !== "string" || value === "") continue;
    if (value.includes("\0")) throw invalidArgument(`${field} has a NUL in it`);
    if (LIMITED.includes(field) && Buffer.byteLength(value) > MAX_STRING_BYTES)
      throw invalidArgument(`${field} is longer than ${String(MAX_STRING_BYTES)} bytes`);
    if (PATHS.includes(field) && (!value.startsWith("/") || value.split("/").includes("..")))
      throw invalidArgument(`${field} is not an absolute path without ..`);
  }
  if (Array.isArray(fields["volumeCapabilities"])) (fields["volumeCapabilities"] as readonly VolumeCapability[]).forEach(checkCapability);
  if (fields["volumeCapability"] !== undefined) checkCapability(fields["volumeCapability"] as VolumeCapability);
  if (fields["capacityRange"] !== undefined) checkRange(fields["capacityRange"] as { requiredBytes: bigint; limitBytes: bigint });
};
