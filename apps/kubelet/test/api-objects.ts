/** An object as a test writes it. */
export interface ApiObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly finalizers?: readonly string[] };
}

interface Collection {
  readonly group: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
}

const RBAC = "apis/rbac.authorization.k8s.io/v1";

const COLLECTIONS: { readonly [kind: string]: Collection } = {
  Pod: { group: "api/v1", plural: "pods", isNamespaced: true },
  ConfigMap: { group: "api/v1", plural: "configmaps", isNamespaced: true },
  Secret: { group: "api/v1", plural: "secrets", isNamespaced: true },
  Service: { group: "api/v1", plural: "services", isNamespaced: true },
  ServiceAccount: { group: "api/v1", plural: "serviceaccounts", isNamespaced: true },
  Node: { group: "api/v1", plural: "nodes", isNamespaced: false },
  RuntimeClass: { group: "apis/node.k8s.io/v1", plural: "runtimeclasses", isNamespaced: false },
  ClusterRole: { group: RBAC, plural: "clusterroles", isNamespaced: false },
  ClusterRoleBinding: { group: RBAC, plural: "clusterrolebindings", isNamespaced: false },
  TokenReview: { group: "apis/authentication.k8s.io/v1", plural: "tokenreviews", isNamespaced: false },
};

/** Where objects of a kind are; the namespace is `default` unless another one is named. */
export const collectionPath = (kind: string, namespace = "default"): string => {
  const collection = COLLECTIONS[kind];
  if (collection === undefined) throw new Error(`the tests know no path of kind ${kind}`);
  const { group, plural, isNamespaced } = collection;
  return isNamespaced ? `/${group}/namespaces/${namespace}/${plural}` : `/${group}/${plural}`;
};

/** Where one object is. */
export const objectPath = (kind: string, name: string, namespace?: string): string => `${collectionPath(kind, namespace)}/${name}`;
