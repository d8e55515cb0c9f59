import type { DownwardAPIVolumeFile, Volume, VolumeProjection } from "./gen/core-v1.ts";
import { defaultPullPolicy } from "./pull-policy.ts";

/** 0644: rw for the owner, r for everybody. */
const DEFAULT_FILE_MODE = 0o644;
const DEFAULT_TOKEN_SECONDS = 3600;

const withItemDefaults = (item: DownwardAPIVolumeFile): DownwardAPIVolumeFile =>
  item.fieldRef === undefined ? item : { ...item, fieldRef: { ...item.fieldRef, apiVersion: item.fieldRef.apiVersion || "v1" } };

const withProjectionDefaults = (projection: VolumeProjection): VolumeProjection => {
  const { downwardAPI, serviceAccountToken } = projection;
  return {
    ...projection,
    ...(downwardAPI?.items === undefined ? {} : { downwardAPI: { ...downwardAPI, items: downwardAPI.items.map(withItemDefaults) } }),
    ...(serviceAccountToken === undefined
      ? {}
      : {
          serviceAccountToken: {
            ...serviceAccountToken,
            expirationSeconds: serviceAccountToken.expirationSeconds ?? DEFAULT_TOKEN_SECONDS,
          },
        }),
  };
};

const withClaimDefaults = (ephemeral: NonNullable<Volume["ephemeral"]>): NonNullable<Volume["ephemeral"]> => {
  const template = ephemeral.volumeClaimTemplate;
  if (template === undefined) return ephemeral;
  return {
    ...ephemeral,
    volumeClaimTemplate: { ...template, spec: { ...template.spec, volumeMode: template.spec.volumeMode ?? "Filesystem" } },
  };
};

/** One entry per source kind that has defaults; a kind without an entry has none. */
const SOURCE_DEFAULTS: { readonly [K in keyof Volume]?: (source: NonNullable<Volume[K]>) => NonNullable<Volume[K]> } = {
  hostPath: (source) => ({ ...source, type: source.type ?? "" }),
  secret: (source) => ({ ...source, defaultMode: source.defaultMode ?? DEFAULT_FILE_MODE }),
  configMap: (source) => ({ ...source, defaultMode: source.defaultMode ?? DEFAULT_FILE_MODE }),
  downwardAPI: (source) => ({
    ...source,
    defaultMode: source.defaultMode ?? DEFAULT_FILE_MODE,
    ...(source.items === undefined ? {} : { items: source.items.map(withItemDefaults) }),
  }),
  projected: (source) => ({
    ...source,
    defaultMode: source.defaultMode ?? DEFAULT_FILE_MODE,
    ...(source.sources === undefined ? {} : { sources: source.sources.map(withProjectionDefaults) }),
  }),
  image: (source) => ({ ...source, pullPolicy: source.pullPolicy || defaultPullPolicy(source.reference ?? "") }),
  ephemeral: withClaimDefaults,
  iscsi: (source) => ({ ...source, iscsiInterface: source.iscsiInterface || "default" }),
  rbd: (source) => ({
    ...source,
    pool: source.pool || "rbd",
    user: source.user || "admin",
    keyring: source.keyring || "/etc/ceph/keyring",
  }),
  azureDisk: (source) => ({
    ...source,
    cachingMode: source.cachingMode ?? "ReadWrite",
    kind: source.kind ?? "Shared",
    fsType: source.fsType ?? "ext4",
    readOnly: source.readOnly ?? false,
  }),
  scaleIO: (source) => ({ ...source, storageMode: source.storageMode || "ThinProvisioned", fsType: source.fsType || "xfs" }),
};

const applySource = <K extends keyof Volume>(volume: Volume, kind: K): Volume => {
  const source = volume[kind];
  const fill = SOURCE_DEFAULTS[kind];
  return source === undefined || fill === undefined ? volume : { ...volume, [kind]: fill(source as NonNullable<Volume[K]>) };
};

/** The volume with its source's defaults; one without any source becomes an emptyDir. */
export const applyVolumeDefaults = (volume: Volume): Volume => {
  const kinds = (Object.keys(volume) as (keyof Volume)[]).filter((kind) => kind !== "name");
  if (kinds.length === 0) return { ...volume, emptyDir: {} };
  return kinds.reduce((filled, kind) => applySource(filled, kind), volume);
};
