import { beforeEach, describe, expect, it } from "vitest";
import type { RequestAttributes, Store, UserInfo } from "../contracts.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { KIND } from "../stored-kinds.ts";
import { createNodeAuthorizer } from "./node-authorizer.ts";

const node = (name: string): UserInfo => ({ username: `system:node:${name}`, groups: ["system:nodes", "system:authenticated"] });

let store: Store;

const ask = async (attributes: Partial<RequestAttributes> & { readonly verb: string }, user = node("n1")): Promise<boolean | string> => {
  const decision = await createNodeAuthorizer(store).authorize(user, { group: "", version: "v1", path: "", ...attributes });
  return decision.allowed || decision.reason;
};

const UNRELATED = "no relationship found between node 'n1' and this object";

beforeEach(() => {
  store = createMemoryStore();
  const container = {
    name: "c",
    env: [
      { name: "A", valueFrom: { secretKeyRef: { name: "env-secret", key: "k" } } },
      { name: "B", valueFrom: { configMapKeyRef: { name: "env-map", key: "k" } } },
    ],
    envFrom: [{ secretRef: { name: "all-secret" } }, { configMapRef: { name: "all-map" } }],
  };
  const volumes = [
    { name: "a", secret: { secretName: "vol-secret" } },
    { name: "b", configMap: { name: "vol-map" } },
    { name: "c", projected: { sources: [{ secret: { name: "proj-secret" } }, { configMap: { name: "kube-root-ca.crt" } }] } },
    { name: "d", csi: { driver: "x", nodePublishSecretRef: { name: "csi-secret" } } },
    { name: "e", persistentVolumeClaim: { claimName: "claim" } },
    { name: "f", ephemeral: { volumeClaimTemplate: { spec: {} } } },
  ];
  const spec = { nodeName: "n1", serviceAccountName: "sa", containers: [container], imagePullSecrets: [{ name: "pull" }], volumes };
  store.create(KIND.pods, { metadata: { namespace: "ns", name: "p" }, spec });
  store.create(KIND.pods, {
    metadata: { namespace: "ns", name: "mirror", annotations: { "kubernetes.io/config.mirror": "x" } },
    spec: { nodeName: "n1", containers: [], volumes: [{ name: "a", secret: { secretName: "stolen" } }] },
  });
  store.create(KIND.pods, {
    metadata: { namespace: "ns", name: "other" },
    spec: { nodeName: "n2", serviceAccountName: "other-sa", containers: [], imagePullSecrets: [{ name: "other-secret" }] },
  });
  store.create(KIND.persistentVolumeClaims, { metadata: { namespace: "ns", name: "claim" }, spec: { volumeName: "pv1" } });
  store.create(KIND.persistentVolumes, {
    metadata: { name: "pv1" },
    spec: { csi: { driver: "x", nodeStageSecretRef: { name: "stage", namespace: "storage" } } },
  });
  store.create(KIND.volumeAttachments, { metadata: { name: "va1" }, spec: { nodeName: "n1" } });
});

describe("a node reads what its pods name", () => {
  it.each([
    ["secrets", "env-secret"],
    ["secrets", "all-secret"],
    ["secrets", "vol-secret"],
    ["secrets", "proj-secret"],
    ["secrets", "csi-secret"],
    ["secrets", "pull"],
    ["configmaps", "env-map"],
    ["configmaps", "all-map"],
    ["configmaps", "vol-map"],
    ["configmaps", "kube-root-ca.crt"],
    ["persistentvolumeclaims", "claim"],
    ["persistentvolumeclaims", "p-f"],
    ["serviceaccounts", "sa"],
    ["pods", "p"],
    ["pods", "mirror"],
  ])("%s %s", async (resource, name) => {
    await expect(ask({ verb: "get", resource, namespace: "ns", name })).resolves.toBe(true);
    await expect(ask({ verb: "get", resource, namespace: "elsewhere", name })).resolves.toBe(UNRELATED);
    await expect(ask({ verb: "get", resource, namespace: "ns", name }, node("n3"))).resolves.toMatch(/no relationship/u);
  });

  it("volumes of claims of pods, their secrets, and its attachments", async () => {
    await expect(ask({ verb: "get", resource: "persistentvolumes", name: "pv1" })).resolves.toBe(true);
    await expect(ask({ verb: "get", resource: "persistentvolumes", name: "pv2" })).resolves.toBe(UNRELATED);
    await expect(ask({ verb: "get", resource: "secrets", namespace: "storage", name: "stage" })).resolves.toBe(true);
    const attachment = { verb: "get", group: "storage.k8s.io", resource: "volumeattachments", name: "va1" };
    await expect(ask(attachment)).resolves.toBe(true);
    await expect(ask(attachment, node("n2"))).resolves.toMatch(/no relationship/u);
  });

  it("and nothing after the pod is gone", async () => {
    store.remove(KIND.pods, { namespace: "ns", name: "p" });
    await expect(ask({ verb: "get", resource: "secrets", namespace: "ns", name: "pull" })).resolves.toBe(UNRELATED);
  });
});

describe("a node is refused", () => {
  it.each<[string, Partial<RequestAttributes> & { readonly verb: string }, string]>([
    ["a secret of another node's pod", { verb: "get", resource: "secrets", namespace: "ns", name: "other-secret" }, UNRELATED],
    ["a secret that only its mirror pod names", { verb: "get", resource: "secrets", namespace: "ns", name: "stolen" }, UNRELATED],
    ["all secrets", { verb: "list", resource: "secrets", namespace: "ns" }, "No Object name found"],
    ["writing a secret", { verb: "update", resource: "secrets", namespace: "ns", name: "pull" }, "can only read resources of this type"],
    ["all pods", { verb: "list", resource: "pods" }, "can only list/watch pods with spec.nodeName field selector"],
    [
      "another node's pods",
      { verb: "watch", resource: "pods", fieldSelector: "spec.nodeName=n2" },
      "can only list/watch pods with spec.nodeName field selector",
    ],
    [
      "the pods of all nodes but one",
      { verb: "list", resource: "pods", fieldSelector: "spec.nodeName!=n2" },
      "can only list/watch pods with spec.nodeName field selector",
    ],
    ["all nodes", { verb: "list", resource: "nodes" }, "node 'n1' cannot read all nodes, only its own Node object"],
    ["another node", { verb: "get", resource: "nodes", name: "n2" }, "node 'n1' cannot read 'n2', only its own Node object"],
    ["deleting a node", { verb: "delete", resource: "nodes", name: "n1" }, ""],
    ["exec", { verb: "create", resource: "pods", subresource: "exec", namespace: "ns", name: "p" }, ""],
    ["changing a pod", { verb: "patch", resource: "pods", namespace: "ns", name: "p" }, ""],
    [
      "a token of another account",
      { verb: "create", resource: "serviceaccounts", subresource: "token", namespace: "ns", name: "other-sa" },
      UNRELATED,
    ],
    [
      "a lease elsewhere",
      { verb: "get", group: "coordination.k8s.io", resource: "leases", namespace: "ns", name: "n1" },
      'can only access leases in the "kube-node-lease" system namespace',
    ],
    [
      "another node's lease",
      { verb: "update", group: "coordination.k8s.io", resource: "leases", namespace: "kube-node-lease", name: "n2" },
      "can only access node lease with the same name as the requesting node",
    ],
    ["roles", { verb: "list", group: "rbac.authorization.k8s.io", resource: "clusterroles" }, ""],
  ])("%s", async (_what, attributes, reason) => {
    await expect(ask(attributes)).resolves.toBe(reason);
  });

  it("without a name, and nobody else is a node", async () => {
    await expect(ask({ verb: "get", resource: "nodes", name: "" }, node(""))).resolves.toBe('unknown node for user "system:node:"');
    await expect(ask({ verb: "get", resource: "nodes", name: "n1" }, { username: "system:node:n1", groups: [] })).resolves.toBe("");
  });
});

describe("a node may", () => {
  it.each<[string, Partial<RequestAttributes> & { readonly verb: string }]>([
    ["watch its pods", { verb: "watch", resource: "pods", fieldSelector: "spec.nodeName=n1" }],
    ["watch one secret by field selector", { verb: "watch", resource: "secrets", namespace: "ns", fieldSelector: "metadata.name=pull" }],
    ["watch itself by field selector", { verb: "watch", resource: "nodes", fieldSelector: "metadata.name=n1" }],
    ["write the status of pods", { verb: "patch", resource: "pods", subresource: "status", namespace: "ns", name: "p" }],
    ["evict", { verb: "create", resource: "pods", subresource: "eviction", namespace: "ns", name: "p" }],
    ["register", { verb: "create", resource: "nodes" }],
    [
      "get a token for its pod's account",
      { verb: "create", resource: "serviceaccounts", subresource: "token", namespace: "ns", name: "sa" },
    ],
    ["renew its lease", { verb: "update", group: "coordination.k8s.io", resource: "leases", namespace: "kube-node-lease", name: "n1" }],
    ["make its lease", { verb: "create", group: "coordination.k8s.io", resource: "leases", namespace: "kube-node-lease" }],
    ["list services", { verb: "list", resource: "services" }],
    ["write events", { verb: "create", resource: "events", namespace: "ns" }],
    ["review tokens", { verb: "create", group: "authentication.k8s.io", resource: "tokenreviews" }],
    ["review access", { verb: "create", group: "authorization.k8s.io", resource: "subjectaccessreviews" }],
    ["read runtime classes", { verb: "list", group: "node.k8s.io", resource: "runtimeclasses" }],
    ["ask for a certificate", { verb: "create", group: "certificates.k8s.io", resource: "certificatesigningrequests" }],
    ["publish its CSI drivers", { verb: "update", group: "storage.k8s.io", resource: "csinodes", name: "n1" }],
  ])("%s", async (_what, attributes) => {
    await expect(ask(attributes)).resolves.toBe(true);
  });
});
