import type { PodUid } from "@nk/pod-model";
import { createEmitter } from "@nk/stdx";

export type ProbeType = "liveness" | "readiness" | "startup";
export type ProbeResult = "success" | "failure" | "unknown";

export interface ProbeResultChange {
  readonly uid: PodUid;
  readonly containerName: string;
  readonly containerId: string;
  readonly probeType: ProbeType;
  readonly result: ProbeResult;
}

/** The verdicts on running containers, by container id: a new container begins anew. */
export interface ProbeResults {
  /** Undefined when the container has no such probe or does not run. */
  get(containerId: string, probeType: ProbeType): ProbeResult | undefined;
  /** Told of each change, after it can be read; not of removals. */
  subscribe(listener: (change: ProbeResultChange) => void): Disposable;
}

/** The store's writing end, the engine's alone. */
export interface ProbeResultStore extends ProbeResults {
  put(change: ProbeResultChange): void;
  remove(containerId: string, probeType: ProbeType): void;
}

export const createProbeResults = (): ProbeResultStore => {
  const results = new Map<string, ProbeResult>();
  const changes = createEmitter<ProbeResultChange>();
  const keyOf = (containerId: string, probeType: ProbeType): string => `${containerId}/${probeType}`;
  return {
    get: (containerId, probeType) => results.get(keyOf(containerId, probeType)),
    subscribe: (listener) => changes.subscribe(listener),
    put: (change) => {
      const key = keyOf(change.containerId, change.probeType);
      if (results.get(key) === change.result) return;
      results.set(key, change.result);
      changes.emit(change);
    },
    remove: (containerId, probeType) => void results.delete(keyOf(containerId, probeType)),
  };
};
