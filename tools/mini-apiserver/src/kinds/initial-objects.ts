import { isApiError } from "../api-error.ts";
import type { ApiObject, Store, StoredKind } from "../contracts.ts";

interface Initial {
  readonly kind: StoredKind;
  readonly object: ApiObject;
}

const NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

const namespaceOf = (name: string): Initial => ({
  kind: { group: "", resource: "namespaces" },
  object: {
    kind: "Namespace",
    apiVersion: "v1",
    metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  },
});

const accountOf = (namespace: string): Initial => ({
  kind: { group: "", resource: "serviceaccounts" },
  object: { kind: "ServiceAccount", apiVersion: "v1", metadata: { name: "default", namespace } },
});

const API_PORT = 6443;

const apiService = (targetPort: number): Initial => ({
  kind: { group: "", resource: "services" },
  object: {
    kind: "Service",
    apiVersion: "v1",
    metadata: { name: "kubernetes", namespace: "default", labels: { component: "apiserver", provider: "kubernetes" } },
    spec: {
      ports: [{ name: "https", protocol: "TCP", port: 443, targetPort }],
      clusterIP: "10.96.0.1",
      clusterIPs: ["10.96.0.1"],
      type: "ClusterIP",
      sessionAffinity: "None",
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      internalTrafficPolicy: "Cluster",
    },
    status: { loadBalancer: {} },
  },
});

const priorityClass = (name: string, value: number, description: string): Initial => ({
  kind: { group: "scheduling.k8s.io", resource: "priorityclasses" },
  object: {
    kind: "PriorityClass",
    apiVersion: "scheduling.k8s.io/v1",
    metadata: { name, generation: 1 },
    value,
    description,
    preemptionPolicy: "PreemptLowerPriority",
  },
});

/**
 * Puts in what every cluster has from its start: four namespaces with their service accounts, the service `kubernetes` and two priority
 * classes. What is there already stays as it is.
 */
export const createInitialObjects = (store: Store, options: { readonly apiPort?: number } = {}): void => {
  const { apiPort = API_PORT } = options;
  const initial: readonly Initial[] = [
    ...NAMESPACES.map(namespaceOf),
    ...NAMESPACES.map(accountOf),
    apiService(apiPort),
    priorityClass(
      "system-cluster-critical",
      2_000_000_000,
      "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
    priorityClass("system-node-critical", 2_000_001_000, "Used for system critical pods that must not be moved from their current node."),
  ];
  for (const { kind, object } of initial) {
    try {
      store.create(kind, object);
    } catch (error) {
      if (!isApiError(error, "AlreadyExists")) throw error;
    }
  }
};
