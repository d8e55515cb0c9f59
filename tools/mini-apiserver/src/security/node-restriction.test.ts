import { createCsr, createKeyPair } from "@nk/certificates";
import { beforeEach, describe, expect, it } from "vitest";
import type { AdmissionRequest, ApiObject, Store } from "../contracts.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { KIND } from "../stored-kinds.ts";
import { createNodeRestriction, isForbiddenNodeLabel } from "./node-restriction.ts";

const NODE = { username: "system:node:n1", groups: ["system:nodes"] };

let store: Store;
let uid: string;

beforeEach(() => {
  store = createMemoryStore();
  uid = store.create(KIND.nodes, { metadata: { name: "n1" } }).metadata?.uid ?? "";
});

const admit = (resource: string, rest: Partial<AdmissionRequest> & { readonly subresource?: string; readonly name?: string }): string => {
  const { subresource, name, ...request } = rest;
  const optional = { ...(subresource === undefined ? {} : { subresource }), ...(name === undefined ? {} : { name }) };
  try {
    const attributes = { verb: "", group: "", resource, path: "", ...optional };
    createNodeRestriction(store).admit({ user: NODE, operation: "CREATE", attributes, ...request });
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
};

const mirror = (change: (pod: { metadata: ApiObject; spec: ApiObject }) => ApiObject = (pod) => pod): ApiObject =>
  change({
    metadata: {
      name: "p",
      annotations: { "kubernetes.io/config.mirror": "x" },
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "n1", uid, controller: true }],
    },
    spec: { nodeName: "n1", containers: [] },
  });

describe("NodeRestriction", () => {
  it("lets a node write itself, but no labels of the administrator, taints or owners", () => {
    const labels = { "kubernetes.io/hostname": "n1", "node.kubernetes.io/x": "1", "example.com/y": "2" };
    const node = (extra: object, spec = {}): ApiObject => ({ metadata: { name: "n1", labels: { ...labels, ...extra } }, spec });
    expect(admit("nodes", { object: node({}) })).toBe("");
    expect(admit("nodes", { object: node({ "node-restriction.kubernetes.io/a": "b" }) })).toBe(
      'nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: node-restriction.kubernetes.io/a',
    );
    const update = (object: ApiObject, oldObject: ApiObject): string =>
      admit("nodes", { operation: "UPDATE", name: "n1", object, oldObject });
    expect(update(node({ "example.com/z": "1" }), node({}))).toBe("");
    expect(update(node({ "node-role.kubernetes.io/control-plane": "" }), node({}))).toMatch(/is not allowed to modify labels: node-role/u);
    expect(update(node({}), node({ "node-role.kubernetes.io/x": "" }))).toMatch(/is not allowed to modify labels/u);
    expect(update(node({}, { taints: [] }), node({}))).toBe("");
    expect(update(node({}), node({}, { taints: [{ key: "a", effect: "NoSchedule" }] }))).toMatch(/not allowed to modify taints/u);
    expect(admit("nodes", { object: { metadata: { name: "n2" } } })).toMatch(/"n1" is not allowed to modify node "n2"/u);
  });

  it.each([
    ["kubernetes.io/os", false],
    ["x.node.kubernetes.io/y", false],
    ["sub.kubelet.kubernetes.io/y", false],
    ["plain", false],
    ["example.com/x", false],
    ["evilkubernetes.io/x", false],
    ["node-role.kubernetes.io/x", true],
    ["a.node-restriction.kubernetes.io/x", true],
    ["k8s.io/x", true],
  ])("label %s forbidden: %s", (label, expected) => {
    expect(isForbiddenNodeLabel(label)).toBe(expected);
  });

  it("lets a node create mirror pods of its own that name no secrets, and nothing else", () => {
    expect(admit("pods", { object: mirror() })).toBe("");
    expect(admit("pods", { object: mirror(({ spec }) => ({ metadata: { name: "p" }, spec })) })).toMatch(/can only create mirror pods/u);
    expect(admit("pods", { object: mirror(({ metadata }) => ({ metadata, spec: { nodeName: "n2" } })) })).toMatch(
      /spec.nodeName set to itself/u,
    );
    expect(admit("pods", { object: mirror(({ metadata, spec }) => ({ metadata: { ...metadata, ownerReferences: [] }, spec })) })).toMatch(
      /owner/u,
    );
    uid = "other";
    expect(admit("pods", { object: mirror() })).toMatch(/UID mismatch/u);
  });

  it("refuses a mirror pod that names a secret", () => {
    const object = mirror(({ metadata, spec }) => ({ metadata, spec: { ...spec, imagePullSecrets: [{ name: "s" }] } }));
    expect(admit("pods", { object })).toBe('pods "p" is forbidden: node "n1" can not create pods that reference secrets');
  });

  it("lets a node delete and report on pods of its own only, and keeps their labels", () => {
    const pod = (nodeName: string, labels = {}): ApiObject => ({ metadata: { name: "p", labels }, spec: { nodeName } });
    expect(admit("pods", { operation: "DELETE", name: "p", oldObject: pod("n1") })).toBe("");
    expect(admit("pods", { operation: "DELETE", name: "p", oldObject: pod("n2") })).toMatch(/can only delete pods/u);
    const status = { operation: "UPDATE", subresource: "status", name: "p" } as const;
    expect(admit("pods", { ...status, object: pod("n1"), oldObject: pod("n1") })).toBe("");
    expect(admit("pods", { ...status, object: pod("n1"), oldObject: pod("n2") })).toMatch(/can only update pod status/u);
    expect(admit("pods", { ...status, object: pod("n1", { a: "b" }), oldObject: pod("n1") })).toMatch(/cannot update labels/u);
  });

  it("lets a node make its own lease and CSINode only, and ask for its own certificate only", async () => {
    expect(admit("leases", { object: { metadata: { name: "n1" } } })).toBe("");
    expect(admit("leases", { object: { metadata: { name: "n2" } } })).toMatch(/same name as the requesting node/u);
    expect(admit("csinodes", { object: { metadata: { name: "n2" } } })).toMatch(/can only access CSINode/u);
    const csr = async (commonName: string): Promise<ApiObject> => {
      const pem = createCsr({ keyPair: await createKeyPair(), subject: { commonName, organizations: ["system:nodes"] } });
      return { spec: { signerName: "kubernetes.io/kubelet-serving", request: Buffer.from(pem).toString("base64") } };
    };
    expect(admit("certificatesigningrequests", { object: await csr("system:node:n1") })).toBe("");
    expect(admit("certificatesigningrequests", { object: await csr("system:node:n2") })).toMatch(/CN=system:node:n1/u);
    const broken = { spec: { signerName: "kubernetes.io/kubelet-serving", request: "eA==" } };
    expect(admit("certificatesigningrequests", { object: broken })).toMatch(/unable to parse csr/u);
  });

  it("has no opinion about anybody else", () => {
    expect(admit("pods", { user: { username: "ann", groups: [] }, object: {} })).toBe("");
  });
});
