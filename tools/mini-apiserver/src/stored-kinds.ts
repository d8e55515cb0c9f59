import type { ApiObject, StoredKind } from "./contracts.ts";

/** The kinds that security, subresources and controllers read or write. */
export const KIND = {
  bindings: { group: "", resource: "bindings" },
  configMaps: { group: "", resource: "configmaps" },
  events: { group: "", resource: "events" },
  namespaces: { group: "", resource: "namespaces" },
  nodes: { group: "", resource: "nodes" },
  persistentVolumeClaims: { group: "", resource: "persistentvolumeclaims" },
  persistentVolumes: { group: "", resource: "persistentvolumes" },
  pods: { group: "", resource: "pods" },
  secrets: { group: "", resource: "secrets" },
  serviceAccounts: { group: "", resource: "serviceaccounts" },
  services: { group: "", resource: "services" },
  csrs: { group: "certificates.k8s.io", resource: "certificatesigningrequests" },
  leases: { group: "coordination.k8s.io", resource: "leases" },
  podDisruptionBudgets: { group: "policy", resource: "poddisruptionbudgets" },
  priorityClasses: { group: "scheduling.k8s.io", resource: "priorityclasses" },
  clusterRoles: { group: "rbac.authorization.k8s.io", resource: "clusterroles" },
  clusterRoleBindings: { group: "rbac.authorization.k8s.io", resource: "clusterrolebindings" },
  roles: { group: "rbac.authorization.k8s.io", resource: "roles" },
  roleBindings: { group: "rbac.authorization.k8s.io", resource: "rolebindings" },
  resourceSlices: { group: "resource.k8s.io", resource: "resourceslices" },
  volumeAttachments: { group: "storage.k8s.io", resource: "volumeattachments" },
} as const satisfies { readonly [name: string]: StoredKind };

/** Reads a stored object as the type its kind has: what was stored was validated, so the shape is trusted from here on. */
export const typed = <T>(object: ApiObject): T => object as T;

/** Likewise for what may be absent. */
export const typedOrAbsent = <T>(object: ApiObject | undefined): T | undefined => object as T | undefined;
