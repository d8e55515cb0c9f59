import type { ConfigMap, KeyToPath, Secret } from "@nk/pod-model";
import { VolumesError } from "../errors.ts";
import type { CallOptions, ObjectKind, ObjectKinds, ObjectPort } from "../ports.ts";
import { hasErrorCode } from "../errors.ts";
import type { FileContent } from "./payload.ts";

/** Which keys of an object become which files. */
export interface ObjectSelection {
  readonly namespace: string;
  readonly name: string;
  /** Empty: every key under its own name. */
  readonly items: readonly KeyToPath[];
  readonly defaultMode: number;
  /** Whether the object, or one of its keys, may be missing. */
  readonly optional: boolean;
}

export type Files = readonly (readonly [path: string, content: FileContent])[];

/** Keys of an object, decoded only when they are wanted. */
type Keys = ReadonlyMap<string, () => Uint8Array>;

const secretKeys = ({ data = {} }: Secret): Keys =>
  new Map(Object.entries(data).map(([key, base64]) => [key, () => Buffer.from(base64, "base64")]));

const configMapKeys = ({ data = {}, binaryData = {} }: ConfigMap): Keys =>
  new Map([
    ...Object.entries(binaryData).map(([key, base64]) => [key, () => Buffer.from(base64, "base64")] as const),
    // Of a key in both the text wins where items are named; validation refuses such an object anyway.
    ...Object.entries(data).map(([key, text]) => [key, () => Buffer.from(text, "utf8")] as const),
  ]);

const missingKey = (kind: ObjectKind, key: string): VolumesError =>
  new VolumesError(
    "missing-key",
    kind === "Secret" ? `references non-existent secret key: ${key}` : `configmap references non-existent config key: ${key}`,
  );

const selectFiles = (kind: ObjectKind, keys: Keys, selection: ObjectSelection): Files => {
  const { items, defaultMode, optional } = selection;
  if (items.length === 0) return [...keys].map(([key, read]) => [key, { data: read(), mode: defaultMode }]);
  return items.flatMap(({ key, path, mode }) => {
    const read = keys.get(key);
    if (read !== undefined) return [[path, { data: read(), mode: mode ?? defaultMode }] as const];
    if (optional) return [];
    throw missingKey(kind, key);
  });
};

const getOrNothing = async <K extends ObjectKind>(
  objects: ObjectPort,
  kind: K,
  wanted: { readonly selection: ObjectSelection } & CallOptions,
): Promise<ObjectKinds[K] | undefined> => {
  const { selection, signal } = wanted;
  try {
    return await objects.get(kind, { namespace: selection.namespace, name: selection.name }, { signal });
  } catch (error) {
    if (selection.optional && hasErrorCode(error, "object-not-found", "not-found")) return undefined;
    throw error;
  }
};

/** The files of a Secret. Rejects with the port's error, or `missing-key`. */
export const gatherSecret = async (objects: ObjectPort, selection: ObjectSelection, options: CallOptions): Promise<Files> => {
  const secret = await getOrNothing(objects, "Secret", { selection, ...options });
  return selectFiles("Secret", secretKeys(secret ?? {}), selection);
};

/** The files of a ConfigMap. Rejects with the port's error, or `missing-key`. */
export const gatherConfigMap = async (objects: ObjectPort, selection: ObjectSelection, options: CallOptions): Promise<Files> => {
  const configMap = await getOrNothing(objects, "ConfigMap", { selection, ...options });
  return selectFiles("ConfigMap", configMapKeys(configMap ?? {}), selection);
};
