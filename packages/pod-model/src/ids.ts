import type { Pod } from "./gen/core-v1.ts";

/** UID of a pod: the API server's, or the one a static pod's source computed. Opaque. */
export type PodUid = string;

/** What names one pod in a message, an event or a log line. */
export interface PodRef {
  readonly namespace: string;
  readonly name: string;
  readonly uid: PodUid;
}

/** `name_namespace`, the key under which two static pods never run at once. */
export type PodFullName = string;

/** The three names of a pod; a missing one is empty, except for the namespace, which is then `default`. */
export const podRef = (pod: Pod): PodRef => ({
  namespace: pod.metadata?.namespace ?? "default",
  name: pod.metadata?.name ?? "",
  uid: pod.metadata?.uid ?? "",
});

/** `name_namespace`, as the reference builds it (pkg/kubelet/container, BuildPodFullName). */
export const podFullName = (ref: Pick<PodRef, "name" | "namespace">): PodFullName => `${ref.name}_${ref.namespace}`;

/** `name_namespace(uid)`: the form the reference uses in messages people read, e.g. the CrashLoopBackOff message. */
export const formatPod = (ref: PodRef): string => `${ref.name}_${ref.namespace}(${ref.uid})`;

/** `containerd://abc` for the runtime's name and the container's id, as pod statuses show it. */
export const formatContainerId = (id: { readonly runtimeName: string; readonly id: string }): string => `${id.runtimeName}://${id.id}`;
