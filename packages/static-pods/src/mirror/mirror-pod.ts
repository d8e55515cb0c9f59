import { CONFIG_ANNOTATIONS } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";

/** The node as the API has it. */
export interface MirrorNode {
  readonly name: string;
  readonly uid: string;
  /** Its object is being deleted: nothing is made for it any more. */
  readonly isDeleting: boolean;
}

/** The version of a static pod that a mirror shows; undefined for a pod that is none, or has none. */
export const hashOf = (pod: Pod): string | undefined => pod.metadata?.annotations?.[CONFIG_ANNOTATIONS.hash];

/** The version of the static pod that this mirror was made of. */
export const mirroredHashOf = (mirror: Pod): string | undefined => mirror.metadata?.annotations?.[CONFIG_ANNOTATIONS.mirror];

/**
 * The object to create in the API for a static pod: the pod as it is, marked as a mirror of this version and owned by its node, as the
 * NodeRestriction admission wants it. Without the fields that the API server fills in (UID, version, status).
 */
export const buildMirrorPod = (staticPod: Pod, node: Pick<MirrorNode, "name" | "uid">): Pod => {
  const {
    uid: _uid,
    resourceVersion: _version,
    generation: _generation,
    creationTimestamp: _created,
    ...metadata
  } = staticPod.metadata ?? {};
  const { status: _status, ...pod } = staticPod;
  return {
    ...pod,
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, [CONFIG_ANNOTATIONS.mirror]: hashOf(staticPod) ?? "" },
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: node.name, uid: node.uid, controller: true }],
    },
  };
};
