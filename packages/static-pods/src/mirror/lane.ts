import type { Pod, PodFullName, PodRef, PodUid } from "@nk/pod-model";
import { hashOf } from "./mirror-pod.ts";
import type { MirrorNode } from "./mirror-pod.ts";

/** A mirror that the API shows. */
export interface ShownMirror {
  readonly ref: PodRef;
  readonly hash: string | undefined;
  readonly isDeleting: boolean;
}

/** The mirror of one name. Only mirror-pods.ts writes to it. */
export interface MirrorLane {
  readonly name: PodFullName;
  /** The static pod that its source wants now. */
  wanted: Pod | undefined;
  shown: ShownMirror | undefined;
  /** Deleted by us: what the watch still tells of it is old. */
  deletedUid: PodUid | undefined;
  isBusy: boolean;
  failures: number;
  lastError: unknown;
}

/** What a mirror needs next. */
export type MirrorStep =
  | { readonly type: "none" }
  /** The node's object is not there: nothing can be owned by it. */
  | { readonly type: "await-node" }
  | { readonly type: "create"; readonly pod: Pod; readonly node: MirrorNode }
  | { readonly type: "delete"; readonly mirror: ShownMirror; readonly why: "changed" | "terminating" | "orphan" };

/** What a decision depends on besides the lane. */
export interface MirrorFacts {
  readonly node: MirrorNode | undefined;
  /** Every source has reported: a static pod that none of them has is not wanted. */
  readonly areSourcesReady: boolean;
  /** A static pod of the name is being stopped. */
  readonly isTerminating: boolean;
}

/** Decides what a mirror needs; the reference's tryReconcileMirrorPods and its housekeeping of orphaned mirrors. Pure. */
export const decideMirrorStep = ({ wanted, shown }: MirrorLane, { node, areSourcesReady, isTerminating }: MirrorFacts): MirrorStep => {
  // The mirror shows how its pod ends; the next version gets its own after that.
  if (shown !== undefined && isTerminating) return { type: "none" };
  if (wanted === undefined) {
    return shown === undefined || !areSourcesReady ? { type: "none" } : { type: "delete", mirror: shown, why: "orphan" };
  }
  if (shown === undefined) {
    if (node === undefined || node.isDeleting) return { type: "await-node" };
    return { type: "create", pod: wanted, node };
  }
  if (shown.isDeleting) return { type: "delete", mirror: shown, why: "terminating" };
  return shown.hash === hashOf(wanted) ? { type: "none" } : { type: "delete", mirror: shown, why: "changed" };
};
