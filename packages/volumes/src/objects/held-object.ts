import type { ConfigMap, Secret } from "@nk/pod-model";
import type { Clock, Logger, RandomSource } from "@nk/stdx";
import { VolumesError } from "../errors.ts";
import type { CallOptions, ObjectKind, ObjectRef } from "../ports.ts";

/** What a source tells about one object. */
export type ObjectEvent<T> =
  | { readonly type: "synced"; readonly items: readonly T[] }
  | { readonly type: "added" | "modified" | "deleted"; readonly object: T };

/** One kind of object of an API server. */
export interface ObjectSourcePort<T> {
  /** Rejects with an error whose `code` is `not-found` when there is none; undefined says the same. */
  get(ref: ObjectRef, options: CallOptions): Promise<T | undefined>;
  /**
   * What happens to one object, beginning with `synced` (again after each gap). Ends when the signal aborts; an end or error before that
   * makes the caller watch again.
   */
  watch(ref: ObjectRef, options: { readonly signal: AbortSignal }): AsyncIterable<ObjectEvent<T>>;
}

/** What a held object can be. */
export type AnyObject = Secret | ConfigMap;

/** One object that pods refer to, however it is kept. */
export interface HeldObject<T> {
  get(options: CallOptions): Promise<T>;
  /** A pod that refers to it was registered. */
  refresh(): void;
  /** Whether it must be noticed when it changes although nobody asks for it. */
  setMounted(isMounted: boolean): void;
  stop(): void;
}

/** What a held object is made of. */
export interface HeldObjectParts<T> {
  readonly kind: ObjectKind;
  readonly ref: ObjectRef;
  readonly source: ObjectSourcePort<T>;
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
}

/** The reference's error for an object that is not there. */
export const notFound = (kind: ObjectKind, ref: ObjectRef): VolumesError =>
  new VolumesError("object-not-found", `${kind.toLowerCase()} ${JSON.stringify(ref.name)} not found`);

/** What tells one version of an object from another; undefined where the source does not say, which counts as another. */
export const versionOf = (object: AnyObject | undefined): string | undefined => {
  if (object === undefined) return "none";
  const { uid = "", resourceVersion } = object.metadata ?? {};
  return resourceVersion === undefined ? undefined : `${uid}/${resourceVersion}`;
};

/** Whether the two are known to be the same version. */
export const isSameVersion = (a: AnyObject | undefined, b: AnyObject | undefined): boolean => {
  const version = versionOf(a);
  return version !== undefined && version === versionOf(b);
};
