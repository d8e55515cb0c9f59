import { VolumesError } from "../errors.ts";
import type { FieldPort, ObjectPort, TokenPort, TrustBundlePort, VolumesPorts } from "../ports.ts";
import type { PluginTools, Refusal } from "./plugin.ts";

/** What files get when the pod was not given its defaults. */
export const DEFAULT_FILE_MODE = 0o644;

export const needObjects = (field: string, { objects }: VolumesPorts): Refusal | undefined =>
  objects === undefined ? { field, why: "there is no API server to read objects from" } : undefined;

export const needMounts = (field: string, { mounts }: VolumesPorts): Refusal | undefined =>
  mounts === undefined ? { field, why: "nothing can be mounted here" } : undefined;

export const needFields = (field: string, { fields }: VolumesPorts): Refusal | undefined =>
  fields === undefined ? { field, why: "the downward API is not available here" } : undefined;

export const needTokens = (field: string, { tokens }: VolumesPorts): Refusal | undefined =>
  tokens === undefined ? { field, why: "there is no API server to ask for tokens" } : undefined;

export const needTrustBundles = (field: string, { trustBundles }: VolumesPorts): Refusal | undefined =>
  trustBundles === undefined ? { field, why: "ClusterTrustBundles are not available here" } : undefined;

/** The refusals above come first; this is for callers that did not ask. */
const missing = (what: string): VolumesError => new VolumesError("unsupported-source", `${what} are not available here`);

export const requireObjects = ({ ports }: PluginTools): ObjectPort => {
  if (ports.objects === undefined) throw missing("objects");
  return ports.objects;
};

export const requireFields = ({ ports }: PluginTools): FieldPort => {
  if (ports.fields === undefined) throw missing("fields");
  return ports.fields;
};

export const requireTokens = ({ ports }: PluginTools): TokenPort => {
  if (ports.tokens === undefined) throw missing("tokens");
  return ports.tokens;
};

export const requireTrustBundles = ({ ports }: PluginTools): TrustBundlePort => {
  if (ports.trustBundles === undefined) throw missing("trust bundles");
  return ports.trustBundles;
};
