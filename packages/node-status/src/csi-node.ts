import type { CSINode, Node } from "@nk/pod-model";

/** In-tree volume plugins whose work CSI drivers have taken over, which the scheduler wants to know. Never changes with 1.36. */
const MIGRATED_PLUGINS: readonly string[] = [
  "kubernetes.io/aws-ebs",
  "kubernetes.io/azure-disk",
  "kubernetes.io/azure-file",
  "kubernetes.io/cinder",
  "kubernetes.io/gce-pd",
  "kubernetes.io/portworx-volume",
  "kubernetes.io/vsphere-volume",
];

/** The CSINode a kubelet creates beside its node, before any driver has registered. The node must exist: it is the owner. */
export const computeCsiNode = ({ metadata }: Node): CSINode => {
  const name = metadata?.name ?? "";
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "CSINode",
    metadata: {
      name,
      annotations: { "storage.alpha.kubernetes.io/migrated-plugins": MIGRATED_PLUGINS.join(",") },
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name, uid: metadata?.uid ?? "" }],
    },
    spec: { drivers: [] },
  };
};
