export { isVolumesError, VOLUMES_ERROR_CODES, VolumesError } from "./errors.ts";
export type { VolumesErrorCode } from "./errors.ts";
export type { ObjectEvent, ObjectSourcePort } from "./objects/held-object.ts";
export { createPodObjects, OBJECT_STRATEGIES } from "./objects/pod-objects.ts";
export type { ObjectStrategy, PodObjects, PodObjectsOptions, PodObjectsPorts } from "./objects/pod-objects.ts";
export { podReferences } from "./objects/references.ts";
export type { ObjectReference, PodReference } from "./objects/references.ts";
export { applyVolumeOwnership } from "./ownership.ts";
export type { OwnershipRequest, OwnershipTools } from "./ownership.ts";
export { ensureHostPath } from "./plugins/host-path-check.ts";
export type { ReadyVolume } from "./plugins/plugin.ts";
export type {
  CallOptions,
  FieldPort,
  MountPort,
  NodePort,
  ObjectChange,
  ObjectKind,
  ObjectKinds,
  ObjectPort,
  ObjectRef,
  TokenPort,
  TokenRequest,
  TrustBundlePort,
  TrustBundleQuery,
  VolumeEvent,
  VolumesPorts,
} from "./ports.ts";
export type { SubPathRequest } from "./sub-paths.ts";
export { createPodTokens } from "./tokens/pod-tokens.ts";
export type { PodTokens, PodTokensOptions, TokenSourcePort } from "./tokens/pod-tokens.ts";
export { createVolumes } from "./volumes.ts";
export type { Volumes, VolumesOptions } from "./volumes.ts";
