import type { PodUid } from "@nk/pod-model";
import type { CrashBackoffEntry } from "../plan/crash-backoff.ts";

/** What is remembered of one pod between two passes. All of it may be lost: a restart of the kubelet starts with none. */
export interface PodMemory {
  /** By container name. */
  readonly backoffs: Map<string, CrashBackoffEntry>;
  /** By container name: which ended instance is waited for, since when, and when that was last reported. */
  readonly reportedBackoffs: Map<string, { readonly containerId: string; readonly sinceMs: number; readonly atMs: number }>;
  /** Ids of containers whose postStart hook has not ended yet. */
  readonly starting: Set<string>;
  /** Ids of containers that a pass under way stops to put others in their place. */
  readonly replacing: Set<string>;
  /** Ids of sandboxes that this kubelet has stopped: they need not be stopped once more to be removed. */
  readonly stoppedSandboxes: Set<string>;
  /** By container id: the resize order that was in force when this kubelet made it; 0 for none. */
  readonly madeFor: Map<string, number>;
  /** What was done of the newest resize order. */
  resized: { readonly acceptedAtMs: number; readonly done: Set<string> };
  /** Passes in a row that failed for a reason with no time of its own. */
  failureCount: number;
  /** Whether the observation may miss what this kubelet did. */
  isStale: boolean;
  /** Whether this kubelet has asked the runtime for anything of the pod. */
  isTouched: boolean;
  /** Whether this kubelet has set up the pod's cgroup and volumes, or found them so. */
  isPrepared: boolean;
  /** Whether this kubelet has given back the pod's volumes and set up none since. */
  areVolumesReleased: boolean;
}

/** Memories by pod; one pod's memory is used by one pass at a time. */
export interface PodMemories {
  of(uid: PodUid): PodMemory;
  /** What is remembered, if anything is. */
  get(uid: PodUid): PodMemory | undefined;
  forget(uid: PodUid): void;
  readonly size: number;
}

/** Shared by all pods that are never resized; nothing is added to it. */
const NOTHING_RESIZED: PodMemory["resized"] = { acceptedAtMs: 0, done: new Set() };

/** Starts empty. It holds one entry for each pod that is not cleaned up yet, which is as many as the node has pods. */
export const createPodMemories = (): PodMemories => {
  const memories = new Map<PodUid, PodMemory>();
  return {
    of: (uid) => {
      const known = memories.get(uid);
      if (known !== undefined) return known;
      const memory: PodMemory = {
        backoffs: new Map(),
        reportedBackoffs: new Map(),
        starting: new Set(),
        replacing: new Set(),
        stoppedSandboxes: new Set(),
        madeFor: new Map(),
        resized: NOTHING_RESIZED,
        failureCount: 0,
        isStale: false,
        isTouched: false,
        isPrepared: false,
        areVolumesReleased: false,
      };
      memories.set(uid, memory);
      return memory;
    },
    get: (uid) => memories.get(uid),
    forget: (uid) => void memories.delete(uid),
    get size() {
      return memories.size;
    },
  };
};
