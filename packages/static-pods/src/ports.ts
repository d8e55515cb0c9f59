import type { Pod, PodFullName, PodRef } from "@nk/pod-model";

/** Mirror pods in the API server. Calls for one name never overlap. Whatever else goes wrong is a rejection, and tried again. */
export interface MirrorApiPort {
  /** POST of a pod. `exists`: 409, there is a pod of that name. */
  create(
    pod: Pod,
    options: { readonly signal: AbortSignal },
  ): Promise<{ readonly type: "created"; readonly pod: Pod } | { readonly type: "exists" }>;
  /** DELETE with the UID as a precondition. `not-found`: 404; `conflict`: 409, as when the name belongs to another pod; it is tried again. */
  delete(
    ref: PodRef,
    options: { readonly gracePeriodSeconds: 0; readonly signal: AbortSignal },
  ): Promise<"deleted" | "not-found" | "conflict">;
}

/** What becomes of static pods on this node. */
export interface StaticWorkPort {
  /** Whether a static pod of that name is being stopped: its mirror shows that until it has ended. Read from memory. */
  isTerminating(name: PodFullName): boolean;
}
