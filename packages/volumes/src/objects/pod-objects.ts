import type { ConfigMap, PodUid, Secret } from "@nk/pod-model";
import { podRef } from "@nk/pod-model";
import { createEmitter, noopLogger, systemClock, systemRandom } from "@nk/stdx";
import type { Clock, Logger, RandomSource } from "@nk/stdx";
import type { CallOptions, ObjectChange, ObjectKind, ObjectKinds, ObjectPort, ObjectRef } from "../ports.ts";
import { createFetchedObject } from "./fetched-object.ts";
import type { HeldObject, HeldObjectParts, ObjectSourcePort } from "./held-object.ts";
import { podReferences, referenceKey } from "./references.ts";
import { createShelf } from "./shelf.ts";
import type { Shelf } from "./shelf.ts";
import { createWatchedObject } from "./watched-object.ts";

/** How changes are noticed (KubeletConfiguration configMapAndSecretChangeDetectionStrategy). */
export const OBJECT_STRATEGIES = ["Watch", "Cache", "Get"] as const;

export type ObjectStrategy = (typeof OBJECT_STRATEGIES)[number];

/** Where objects come from. */
export interface PodObjectsPorts {
  readonly secrets: ObjectSourcePort<Secret>;
  readonly configMaps: ObjectSourcePort<ConfigMap>;
}

/** What {@link createPodObjects} takes. */
export interface PodObjectsOptions {
  /** Default `Watch`. */
  readonly strategy?: ObjectStrategy;
  /** `Cache`: milliseconds that a fetched object is good for, e.g. from the node's annotation; undefined or absent: 60,000. */
  readonly ttlMs?: () => number | undefined;
  /** `Watch`: milliseconds that a reader waits for the first answer; default 1,000. */
  readonly syncTimeoutMs?: number;
  /** `Watch`: milliseconds without a reader after which the watch of an object that no volume shows ends; default 300,000. */
  readonly idleMs?: number;
  /** `Watch`: milliseconds before a broken watch is begun again, doubled each time; default 1,000. */
  readonly retryInitialMs?: number;
  /** Default 30,000. */
  readonly retryMaxMs?: number;
  /** `Get`: milliseconds between looks at an object that a volume shows; default 60,000. */
  readonly recheckMs?: number;
  /** `Cache` and `Get`: milliseconds for one read; default 10,000. */
  readonly fetchTimeoutMs?: number;
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly logger?: Logger;
}

/** The Secrets and ConfigMaps that pods refer to. Dispose it to end all watches. */
export interface PodObjects extends ObjectPort, Disposable {
  /** Objects that are held now. */
  readonly size: number;
}

const DEFAULT_TTL_MS = 60_000;

const createHold = (options: PodObjectsOptions): (<T extends Secret | ConfigMap>(parts: HeldObjectParts<T>) => HeldObject<T>) => {
  const { strategy = "Watch", syncTimeoutMs = 1000, idleMs = 300_000, retryInitialMs = 1000, retryMaxMs = 30_000 } = options;
  const { recheckMs = 60_000, fetchTimeoutMs = 10_000 } = options;
  const ttlMs = strategy === "Get" ? () => 0 : () => Math.max(0, options.ttlMs?.() ?? DEFAULT_TTL_MS);
  return (parts) =>
    strategy === "Watch"
      ? createWatchedObject(parts, { syncTimeoutMs, idleMs, retryInitialMs, retryMaxMs })
      : createFetchedObject(parts, { ttlMs, recheckMs, fetchTimeoutMs });
};

/**
 * Holds what registered pods refer to, each object once however many pods do, for as long as one does. Reads nothing until the first pod is
 * registered (`Watch`) or something is asked for (`Cache`, `Get`).
 */
export const createPodObjects = (ports: PodObjectsPorts, options: PodObjectsOptions = {}): PodObjects => {
  const { clock = systemClock, random = systemRandom, logger = noopLogger } = options;
  const changes = createEmitter<ObjectChange>();
  const hold = createHold(options);
  const createKind = <T extends Secret | ConfigMap>(kind: ObjectKind, source: ObjectSourcePort<T>): Shelf<T> =>
    createShelf((ref) => hold<T>({ kind, ref, source, onChange: () => changes.emit({ kind, ...ref }), clock, random, logger }));
  const shelves = {
    Secret: createKind("Secret", ports.secrets),
    ConfigMap: createKind("ConfigMap", ports.configMaps),
  };
  const pods = new Map<PodUid, ReadonlyMap<string, ObjectChange>>();

  return {
    register: (pod) => {
      const { uid, namespace } = podRef(pod);
      const before = pods.get(uid);
      const now = new Map<string, ObjectChange>();
      for (const { kind, name, isMounted } of podReferences(pod)) {
        now.set(referenceKey({ kind, name }), { kind, namespace, name });
        shelves[kind].add({ namespace, name }, { uid, isMounted });
      }
      pods.set(uid, now);
      // Only now, so that what both versions refer to is not dropped in between.
      for (const [key, { kind, namespace, name }] of before ?? []) if (!now.has(key)) shelves[kind].drop({ namespace, name }, uid);
    },
    unregister: (uid) => {
      for (const { kind, namespace, name } of pods.get(uid)?.values() ?? []) shelves[kind].drop({ namespace, name }, uid);
      pods.delete(uid);
    },
    get: async <K extends ObjectKind>(kind: K, ref: ObjectRef, callOptions: CallOptions) =>
      (await shelves[kind].get(ref, callOptions)) as ObjectKinds[K],
    subscribe: (listener) => changes.subscribe(listener),
    get size() {
      return shelves.Secret.size + shelves.ConfigMap.size;
    },
    [Symbol.dispose]: () => {
      shelves.Secret[Symbol.dispose]();
      shelves.ConfigMap[Symbol.dispose]();
      pods.clear();
    },
  };
};
