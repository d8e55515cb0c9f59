import type { PolicyRule } from "./rbac-rules.ts";

const READ = ["get", "list", "watch"] as const;

/**
 * What any node may do, before it is narrowed to what belongs to the node (NodeRules in
 * plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, 1.36). Also the rules of the ClusterRole system:node.
 */
export const NODE_RULES: readonly PolicyRule[] = [
  { verbs: ["create"], apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"] },
  { verbs: ["create"], apiGroups: ["authorization.k8s.io"], resources: ["localsubjectaccessreviews", "subjectaccessreviews"] },
  { verbs: READ, apiGroups: [""], resources: ["services"] },
  { verbs: ["create", ...READ], apiGroups: [""], resources: ["nodes"] },
  { verbs: ["patch", "update"], apiGroups: [""], resources: ["nodes/status"] },
  { verbs: ["patch", "update"], apiGroups: [""], resources: ["nodes"] },
  { verbs: ["create", "patch", "update"], apiGroups: ["", "events.k8s.io"], resources: ["events"] },
  { verbs: READ, apiGroups: [""], resources: ["pods"] },
  { verbs: ["create", "delete"], apiGroups: [""], resources: ["pods"] },
  { verbs: ["patch", "update"], apiGroups: [""], resources: ["pods/status"] },
  { verbs: ["create"], apiGroups: [""], resources: ["pods/eviction"] },
  { verbs: READ, apiGroups: [""], resources: ["configmaps", "secrets"] },
  { verbs: ["get"], apiGroups: [""], resources: ["persistentvolumeclaims", "persistentvolumes"] },
  { verbs: ["get"], apiGroups: [""], resources: ["endpoints"] },
  { verbs: ["create", ...READ], apiGroups: ["certificates.k8s.io"], resources: ["certificatesigningrequests"] },
  { verbs: ["create", "delete", "get", "patch", "update"], apiGroups: ["coordination.k8s.io"], resources: ["leases"] },
  { verbs: ["get"], apiGroups: ["storage.k8s.io"], resources: ["volumeattachments"] },
  { verbs: ["create"], apiGroups: [""], resources: ["serviceaccounts/token"] },
  { verbs: ["get", "patch", "update"], apiGroups: [""], resources: ["persistentvolumeclaims/status"] },
  { verbs: READ, apiGroups: ["storage.k8s.io"], resources: ["csidrivers"] },
  { verbs: ["create", "delete", "get", "patch", "update"], apiGroups: ["storage.k8s.io"], resources: ["csinodes"] },
  { verbs: READ, apiGroups: ["node.k8s.io"], resources: ["runtimeclasses"] },
  { verbs: ["get"], apiGroups: ["resource.k8s.io"], resources: ["resourceclaims"] },
  { verbs: ["deletecollection"], apiGroups: ["resource.k8s.io"], resources: ["resourceslices"] },
  { verbs: READ, apiGroups: ["certificates.k8s.io"], resources: ["clustertrustbundles"] },
  { verbs: ["get"], apiGroups: [""], resources: ["serviceaccounts"] },
];
