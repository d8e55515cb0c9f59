import type { PodUid, RuntimePod, RuntimePodStatus } from "@nk/pod-model";

/** Which objects of one pod to inspect; taken from a list that was read just before. */
export interface PodStatusRequest {
  readonly uid: PodUid;
  readonly name: string;
  readonly namespace: string;
  /** Newest first. */
  readonly sandboxIds: readonly string[];
  /** Newest first. */
  readonly containerIds: readonly string[];
}

/**
 * A hint of the runtime that something happened. It is never believed: it only says which pod to read again.
 * `gap` says that events may have been lost: it is the first item once the stream stands, comes again whenever the stream was connected
 * anew by itself, and when a buffer overflowed.
 */
export type RuntimeEvent =
  | {
      readonly type: "event";
      /** Absent when the runtime no longer knows to which pod it belonged. */
      readonly uid?: PodUid;
      /** Absent when it is about the sandbox itself. */
      readonly containerId?: string;
      readonly sandboxId?: string;
      /** What the runtime says happened; with it a hint about something already observed costs no read. */
      readonly kind?: "created" | "started" | "stopped" | "deleted";
    }
  | { readonly type: "gap" };

/**
 * What PLEG needs of a container runtime. Calls for different pods run at the same time; two status reads of one pod never do.
 * Every method must give up and reject when its signal aborts: an implementation that does not leaks one call per retry.
 */
export interface RuntimeView {
  /** All pods the runtime has, running or not; with `uid` that pod alone (CRI: the label filter `io.kubernetes.pod.uid`) or none. */
  listPods(options: { readonly signal: AbortSignal; readonly uid?: PodUid }): Promise<readonly RuntimePod[]>;
  /** The full status of one pod. An object that vanished since the list is left out, not an error. */
  getPodStatus(pod: PodStatusRequest, options: { readonly signal: AbortSignal }): Promise<RuntimePodStatus>;
  /** Container events; absent when the runtime has none. It throws or ends when the stream breaks; PLEG asks again after a back-off. */
  watchEvents?(options: { readonly signal: AbortSignal }): AsyncIterable<RuntimeEvent>;
}
