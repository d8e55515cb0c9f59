import type { PodResources, ResourceChanges } from "@nk/pod-model";

/** What the pod asks for is not what it was given, yet. */
export interface PendingResize {
  /** `Infeasible`: not on this node as it is; not tried again before the pod changes. `Deferred`: tried when room may have appeared. */
  readonly reason: "Deferred" | "Infeasible";
  readonly message: string;
  /** `metadata.generation` that was judged. */
  readonly generation: number;
  /** Since when the reason is this one, epoch ms. */
  readonly sinceMs: number;
  /** When it was judged last, epoch ms. */
  readonly judgedAtMs: number;
}

/** What the pod was given is not what its containers and its cgroup have, yet. */
export interface ResizeInProgress {
  /** When it was accepted, epoch ms: containers made from then on have what they were given. */
  readonly acceptedAtMs: number;
  readonly generation: number;
  /** Everything that was changed since the last resize that was completed. */
  readonly changes: ResourceChanges;
  /** What the pod had before, which is not free until the resize is completed. */
  readonly before: PodResources;
  /** Why the newest try failed. */
  readonly error?: string;
  /** Since when there is or is not an error, epoch ms. */
  readonly sinceMs: number;
}

/** Where a pod is between the resources it asks for, those it was given, and those it has. */
export interface PodResize {
  readonly pending?: PendingResize;
  readonly inProgress?: ResizeInProgress;
}

/** Nothing is to be resized. */
export const NO_RESIZE: PodResize = {};

/** A new verdict; a reason that stays keeps its time. */
export const withPending = (resize: PodResize, verdict: Omit<PendingResize, "sinceMs">): PodResize => ({
  ...resize,
  pending: { ...verdict, sinceMs: resize.pending?.reason === verdict.reason ? resize.pending.sinceMs : verdict.judgedAtMs },
});

export const withoutPending = ({ pending: _pending, ...rest }: PodResize): PodResize => rest;

export const withoutProgress = ({ inProgress: _inProgress, ...rest }: PodResize): PodResize => rest;

/** Both sets of names, each once. */
const union = <T>(a: readonly T[], b: readonly T[]): readonly T[] => [...new Set([...a, ...b])];

/** What either changed: a resize that was overtaken by the next one may have come half-way. */
export const joinChanges = (a: ResourceChanges, b: ResourceChanges): ResourceChanges => ({
  containers: Object.fromEntries(
    union(Object.keys(a.containers), Object.keys(b.containers)).map((name) => [
      name,
      union(a.containers[name] ?? [], b.containers[name] ?? []),
    ]),
  ),
  pod: union(a.pod, b.pod),
});
