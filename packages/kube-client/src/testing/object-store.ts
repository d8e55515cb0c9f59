import { isDeepStrictEqual } from "node:util";
import { createEmitter, systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { formatTimestamp } from "@nk/pod-model";
import type { KubeObject, ResourceKind } from "../kinds.ts";
import { ApiStatusError } from "./api-error.ts";

/** A change as watches see it. */
export interface StoredChange {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly kind: ResourceKind;
  readonly object: KubeObject;
  /** The object before the change; selectors look at it too. */
  readonly previous: KubeObject | undefined;
  readonly resourceVersion: number;
}

/** Objects in memory, with one counter of versions as in etcd. */
export interface ObjectStore {
  readonly resourceVersion: number;
  /** The oldest version a watch may start from. */
  readonly compactedAt: number;
  get(kind: ResourceKind, key: { readonly namespace?: string | undefined; readonly name: string }): KubeObject | undefined;
  list(kind: ResourceKind): readonly KubeObject[];
  /** Stores a new object or a new version of one. An equal one changes nothing. */
  put(kind: ResourceKind, object: KubeObject): KubeObject;
  remove(kind: ResourceKind, object: KubeObject): KubeObject;
  changesSince(version: number): readonly StoredChange[];
  /** Forgets the changes so far: watches from an older version get 410. */
  compact(): void;
  onChange(listener: (change: StoredChange) => void): Disposable;
  /** Moves the version on, as other kinds' objects do in a real cluster. */
  tick(): number;
}

const MAX_HISTORY = 10_000;

const keyOf = (kind: ResourceKind, namespace: string | undefined, name: string): string =>
  `${kind.apiVersion}/${kind.resource}/${kind.namespaced ? (namespace ?? "") : ""}/${name}`;

/** For telling whether an update changes anything. */
const withoutVersion = (object: KubeObject): KubeObject => ({ ...object, metadata: { ...object.metadata, resourceVersion: "" } });

/** An empty store. */
export const createObjectStore = (options: { readonly clock?: Clock | undefined } = {}): ObjectStore => {
  const { clock = systemClock } = options;
  const objects = new Map<string, { readonly kind: ResourceKind; readonly object: KubeObject }>();
  const emitter = createEmitter<StoredChange>();
  let history: StoredChange[] = [];
  let resourceVersion = 1;
  let compactedAt = 1;
  let uids = 0;

  const record = (change: StoredChange): void => {
    history.push(change);
    if (history.length > MAX_HISTORY) compactedAt = history.shift()?.resourceVersion ?? compactedAt;
    emitter.emit(change);
  };
  const nameOf = ({ metadata }: KubeObject): string => {
    if (metadata?.name === undefined) throw new ApiStatusError(422, "Invalid", { message: "name or generateName is required" });
    return metadata.name;
  };

  return {
    get resourceVersion() {
      return resourceVersion;
    },
    get compactedAt() {
      return compactedAt;
    },
    get: (kind, { namespace, name }) => objects.get(keyOf(kind, namespace, name))?.object,
    list: (kind) =>
      [...objects.values()]
        .filter((entry) => entry.kind.apiVersion === kind.apiVersion && entry.kind.resource === kind.resource)
        .map(({ object }) => object),
    put(kind, object) {
      const name = nameOf(object);
      const key = keyOf(kind, object.metadata?.namespace, name);
      const previous = objects.get(key)?.object;
      if (previous !== undefined) {
        const merged = { ...object, apiVersion: kind.apiVersion, kind: kind.kind, metadata: { ...previous.metadata, ...object.metadata } };
        if (isDeepStrictEqual(withoutVersion(previous), withoutVersion(merged))) return previous;
      }
      resourceVersion += 1;
      uids += 1;
      const stored: KubeObject = {
        ...object,
        apiVersion: kind.apiVersion,
        kind: kind.kind,
        metadata: {
          uid: previous?.metadata?.uid ?? `00000000-0000-4000-8000-${String(uids).padStart(12, "0")}`,
          creationTimestamp: previous?.metadata?.creationTimestamp ?? formatTimestamp(clock.nowMs()),
          ...object.metadata,
          resourceVersion: String(resourceVersion),
        },
      };
      objects.set(key, { kind, object: stored });
      record({ type: previous === undefined ? "ADDED" : "MODIFIED", kind, object: stored, previous, resourceVersion });
      return stored;
    },
    remove(kind, object) {
      objects.delete(keyOf(kind, object.metadata?.namespace, nameOf(object)));
      resourceVersion += 1;
      const last: KubeObject = { ...object, metadata: { ...object.metadata, resourceVersion: String(resourceVersion) } };
      record({ type: "DELETED", kind, object: last, previous: object, resourceVersion });
      return last;
    },
    changesSince: (version) => history.filter((change) => change.resourceVersion > version),
    compact() {
      history = [];
      resourceVersion += 1;
      compactedAt = resourceVersion;
    },
    onChange: (listener) => emitter.subscribe(listener),
    tick: () => (resourceVersion += 1),
  };
};
