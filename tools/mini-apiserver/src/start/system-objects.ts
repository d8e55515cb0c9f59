import type { ApiObject, Store, StoredKind } from "../contracts.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";
import type { LocalClient } from "../rest/local-client.ts";
import { ensureBootstrapRoles } from "../security/bootstrap-roles.ts";
import { KIND } from "../stored-kinds.ts";

const NAMESPACES = ["default", "kube-node-lease", "kube-public", "kube-system"];

const PRIORITY_CLASSES = [
  {
    name: "system-cluster-critical",
    value: 2_000_000_000,
    description: "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
  },
  {
    name: "system-node-critical",
    value: 2_000_001_000,
    description: "Used for system critical pods that must not be moved from their current node.",
  },
];

/** What every cluster has from the beginning: namespaces, roles, priority classes. What is there already stays as it is. */
export const ensureSystemObjects = (store: Store, client: LocalClient, kinds: readonly KindDefinition[]): void => {
  const ensure = (kind: StoredKind, object: ApiObject): void => {
    if (store.get(kind, { name: object.metadata?.name ?? "" }) === undefined) client.create(kind, object);
  };
  for (const name of NAMESPACES) {
    const metadata = { name, labels: { "kubernetes.io/metadata.name": name } };
    ensure(KIND.namespaces, { apiVersion: "v1", kind: "Namespace", metadata });
  }
  ensureBootstrapRoles(store);
  const hasClasses = kinds.some(({ resource }) => resource === KIND.priorityClasses.resource);
  for (const { name, value, description } of hasClasses ? PRIORITY_CLASSES : []) {
    ensure(KIND.priorityClasses, {
      apiVersion: "scheduling.k8s.io/v1",
      kind: "PriorityClass",
      metadata: { name },
      value,
      description,
      globalDefault: false,
      preemptionPolicy: "PreemptLowerPriority",
    });
  }
};
