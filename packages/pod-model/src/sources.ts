import type { Pod } from "./gen/core-v1.ts";

/** Where pods come from; the value of the annotation `kubernetes.io/config.source`. */
export type PodSource = "file" | "http" | "api";

/** Something a source could not use; the pods it still vouches for are in the snapshot beside it. */
export interface SourceProblem {
  /** File path or URL. */
  readonly location: string;
  /** 1-based; absent when the problem is not at one line. */
  readonly line?: number;
  /** Path of the field, e.g. `spec.containers[0].image`; absent when the problem is not one field's. */
  readonly field?: string;
  readonly message: string;
}

/** The complete set of pods one source wants now. An empty list is an answer: it means that the source wants none. */
export interface SourceSnapshot {
  readonly source: PodSource;
  readonly pods: readonly Pod[];
  readonly problems: readonly SourceProblem[];
}

/** One difference between what a source wanted before and what it wants now. */
export type PodUpdate =
  | { readonly type: "add"; readonly pod: Pod }
  | { readonly type: "update"; readonly pod: Pod }
  /** deletionTimestamp was set: stop it gracefully. */
  | { readonly type: "delete"; readonly pod: Pod }
  /** It is no longer in the source. */
  | { readonly type: "remove"; readonly pod: Pod }
  /** Only its status in the source changed. */
  | { readonly type: "reconcile"; readonly pod: Pod };
