export { isVolumesError, VOLUMES_ERROR_CODES, VolumesError } from "./errors.ts";
export type { VolumesErrorCode } from "./errors.ts";
export { ensureHostPath } from "./host-path.ts";
export { createVolumes } from "./volumes.ts";
export type { ReadyVolume, VolumeEvent, Volumes, VolumesOptions } from "./volumes.ts";
