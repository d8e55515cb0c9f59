import { isDeepStrictEqual } from "node:util";
import type { PodUid, RuntimePodStatus } from "@nk/pod-model";
import { createEmitter } from "@nk/stdx";
import type { Clock, Emitter } from "@nk/stdx";
import type { PlegError } from "./errors.ts";

/** Whether the runtime lets us read one pod. It says nothing about the other pods, nor about the node. */
export type PodHealth =
  | { readonly state: "healthy" }
  | {
      readonly state: "unhealthy";
      /** When the first of the failing reads failed, epoch ms. */
      readonly sinceMs: number;
      /** Of the newest failing read. */
      readonly error: PlegError;
      /** Reads that failed in a row, at least 1. */
      readonly failures: number;
    };

/** `status` is undefined when the runtime no longer has the pod; `previous` when it had nothing of it at the read before. */
export type PodStatusListener = (uid: PodUid, status: RuntimePodStatus | undefined, previous: RuntimePodStatus | undefined) => void;
export type PodHealthListener = (uid: PodUid, health: PodHealth) => void;

export const HEALTHY: PodHealth = { state: "healthy" };

interface Entry {
  status: RuntimePodStatus | undefined;
  health: PodHealth;
}

const isSameStatus = (a: RuntimePodStatus | undefined, b: RuntimePodStatus | undefined): boolean =>
  a === undefined || b === undefined ? a === b : isDeepStrictEqual({ ...a, observedAtMs: 0 }, { ...b, observedAtMs: 0 });

/** What the reads of each pod came to, with everyone told of a change. */
export interface PodEntries {
  get(uid: PodUid): RuntimePodStatus | undefined;
  health(uid: PodUid): PodHealth;
  /** Pods that have a status or are unhealthy. */
  uids(): readonly PodUid[];
  /** A read succeeded; undefined: the runtime has nothing of the pod. */
  store(uid: PodUid, status: RuntimePodStatus | undefined): void;
  /** A read failed. */
  fail(uid: PodUid, error: PlegError): void;
  /** Forgets a pod of which there is nothing to know. */
  prune(uid: PodUid): void;
  readonly changes: Emitter<Parameters<PodStatusListener>>;
  readonly healthChanges: Emitter<Parameters<PodHealthListener>>;
}

/** No pods yet. */
export const createEntries = (clock: Clock): PodEntries => {
  const entries = new Map<PodUid, Entry>();
  const changes = createEmitter<Parameters<PodStatusListener>>();
  const healthChanges = createEmitter<Parameters<PodHealthListener>>();
  const entryOf = (uid: PodUid): Entry => {
    const known = entries.get(uid);
    if (known !== undefined) return known;
    const entry: Entry = { status: undefined, health: HEALTHY };
    entries.set(uid, entry);
    return entry;
  };
  return {
    get: (uid) => entries.get(uid)?.status,
    health: (uid) => entries.get(uid)?.health ?? HEALTHY,
    uids: () => [...entries].filter(([, entry]) => entry.status !== undefined || entry.health !== HEALTHY).map(([uid]) => uid),
    store(uid, status) {
      const entry = entryOf(uid);
      const previous = entry.status;
      entry.status = status;
      if (entry.health !== HEALTHY) {
        entry.health = HEALTHY;
        healthChanges.emit([uid, HEALTHY]);
      }
      if (!isSameStatus(previous, status)) changes.emit([uid, status, previous]);
    },
    fail(uid, error) {
      const entry = entryOf(uid);
      const before = entry.health;
      entry.health =
        before.state === "unhealthy"
          ? { ...before, error, failures: before.failures + 1 }
          : { state: "unhealthy", sinceMs: clock.nowMs(), error, failures: 1 };
      healthChanges.emit([uid, entry.health]);
    },
    prune(uid) {
      const entry = entries.get(uid);
      if (entry !== undefined && entry.status === undefined && entry.health === HEALTHY) entries.delete(uid);
    },
    changes,
    healthChanges,
  };
};
