import type { Pod, PodRef, PodUid, RuntimeContainerStatus, RuntimePodStatus } from "@nk/pod-model";
import type { ProbeVerdict } from "./input.ts";
import type { PodStatusPatch } from "./writer/status-patch.ts";

/** What the statuses are computed from, read at the moment of computing. */
export interface PodFactsPort {
  /** The last observation, from memory. */
  observed(uid: PodUid): RuntimePodStatus | undefined;
  /** Verdicts of the probes by container id, from memory; containers without probes may be left out. */
  probes(pod: Pod): ReadonlyMap<string, ProbeVerdict>;
  /**
   * The message a container left when it ended, cut to its limit; empty when it left none. Asked once per container. A failure counts as
   * no message: a status must not wait for a broken file.
   */
  readTerminationMessage(pod: Pod, container: RuntimeContainerStatus): Promise<string>;
  /** Whether the pod's runtime handler can mount read-only recursively, from memory. Absent: none can. */
  supportsRecursiveReadOnly?(pod: Pod): boolean;
}

/** How soon a write should go out: an urgent one passes the client's rate limit. */
export type WritePriority = "urgent" | "normal";

/** What became of a patch. */
export type PatchOutcome =
  /** Done; the object as the API answered it. */
  | { readonly type: "written"; readonly pod: Pod }
  /** 404: there is no pod of that name. */
  | { readonly type: "not-found" }
  /**
   * 409 or 422, with the server's message. The pod of that name has another UID (kube-apiserver 1.36 says 422, `metadata.uid: field is
   * immutable`), it was written to at the same time, or the status is not valid. The writer reads the object to find out.
   */
  | { readonly type: "refused"; readonly message: string };

/** `deleted`: the API has taken the request; the object may stay for its finalizers. The others are 404 and 409; after a 409 the writer reads the object. */
export type DeleteOutcome = "deleted" | "not-found" | "conflict";

/**
 * Pods of the API server. Calls for one pod never overlap. Whatever else goes wrong (no connection, 5xx, 429, 403) is a rejection: the
 * writer tries again.
 */
export interface PodStatusApiPort {
  /** PATCH of the subresource `status`, content type `application/strategic-merge-patch+json`, with the patch as it is. */
  patchStatus(
    target: PodRef,
    patch: PodStatusPatch,
    options: { readonly signal: AbortSignal; readonly priority: WritePriority },
  ): Promise<PatchOutcome>;
  /** DELETE with the UID of the target as a precondition. */
  deletePod(target: PodRef, options: { readonly gracePeriodSeconds: 0; readonly signal: AbortSignal }): Promise<DeleteOutcome>;
  /** GET from the server, not from a cache; undefined for 404. Asked only when it is in doubt what the API shows. */
  getPod(target: Pick<PodRef, "namespace" | "name">, options: { readonly signal: AbortSignal }): Promise<Pod | undefined>;
}
