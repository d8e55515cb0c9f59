import { createCertificateAuthority, createCsr, createKeyPair, describeCertificate } from "@nk/certificates";
import type { Node, Pod } from "@nk/pod-model";
import { formatTimestamp } from "@nk/pod-model";
import { noopLogger } from "@nk/stdx";
import { createFakeClock } from "@nk/stdx/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ApiObject, Controller, Store, StoredKind } from "../contracts.ts";
import { ALL_KINDS } from "../kinds/all-kinds.ts";
import { createInitialObjects } from "../kinds/initial-objects.ts";
import { createLocalClient } from "../rest/local-client.ts";
import { ensureBootstrapRoles } from "../security/bootstrap-roles.ts";
import { createRbac } from "../security/rbac.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { KIND, typed } from "../stored-kinds.ts";
import { createCertificateSigning } from "./certificate-signing.ts";
import { createEventExpiry } from "./event-expiry.ts";
import { createNamespaceContents } from "./namespace-contents.ts";
import { createNamespaceDeletion } from "./namespace-deletion.ts";
import { createNodeLifecycle } from "./node-lifecycle.ts";
import type { ControllerOptions } from "./options.ts";
import { createPodCollection } from "./pod-collection.ts";
import { createScheduler } from "./scheduler.ts";

let clock: ReturnType<typeof createFakeClock>;
let store: Store;
let options: ControllerOptions;
let stop: AbortController;
let running: Promise<unknown>[];

beforeEach(() => {
  clock = createFakeClock();
  store = createMemoryStore({ clock });
  createInitialObjects(store);
  ensureBootstrapRoles(store);
  options = { store, client: createLocalClient({ store, clock }), clock, logger: noopLogger };
  stop = new AbortController();
  running = [];
});

afterEach(async () => {
  stop.abort();
  await Promise.all(running);
  if (clock.pendingCount !== 0) throw new Error(`${clock.pendingCount} timers are left`);
});

const start = async (...controllers: readonly Controller[]): Promise<void> => {
  for (const controller of controllers) running.push(controller.run(stop.signal));
  await settle();
};

/** Lets what is due now happen; no timer fires. */
const settle = (): Promise<void> => clock.advance(0);

const addNode = (name: string, spec: object = {}, status: object = {}): ApiObject =>
  store.create(KIND.nodes, {
    metadata: { name, labels: { "kubernetes.io/hostname": name } },
    spec: { ...spec },
    status: {
      allocatable: { cpu: "2", memory: "4Gi", pods: "10" },
      conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: formatTimestamp(clock.nowMs()) }],
      ...status,
    },
  });

const addPod = (name: string, spec: object = {}, cpu = "100m"): ApiObject =>
  store.create(KIND.pods, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "default", name },
    spec: { containers: [{ name: "c", resources: { requests: { cpu } } }], ...spec },
    status: { phase: "Pending" },
  });

const podOf = (name: string): Pod => typed<Pod>(store.get(KIND.pods, { namespace: "default", name }) ?? {});
const nodeOf = (name: string): Node => typed<Node>(store.get(KIND.nodes, { name }) ?? {});
const namesOf = (kind: StoredKind, namespace: string): readonly (string | undefined)[] =>
  store.list(kind, { namespace }).items.map(({ metadata }) => metadata?.name);
const messages = (reason: string): readonly unknown[] =>
  store
    .list(KIND.events)
    .items.filter((event) => event["reason"] === reason)
    .toSorted((a, b) => Number(a.metadata?.resourceVersion) - Number(b.metadata?.resourceVersion))
    .map((event) => event["message"]);

describe("the scheduler", () => {
  it("binds a pod at once, says so, and spreads over nodes", async () => {
    addNode("n1");
    addNode("n2");
    addPod("a");
    await start(createScheduler(options));
    expect(podOf("a")).toMatchObject({ spec: { nodeName: "n1" }, status: { conditions: [{ type: "PodScheduled", status: "True" }] } });
    addPod("b");
    await settle();
    expect(podOf("b").spec?.nodeName).toBe("n2");
    expect(messages("Scheduled")).toEqual(["Successfully assigned default/a to n1", "Successfully assigned default/b to n2"]);
    // Without a last time it stands before all others of its pod, as in the reference.
    const [scheduled] = store.list(KIND.events).items.filter((event) => event["reason"] === "Scheduled");
    expect(scheduled).toMatchObject({ action: "Binding", reportingComponent: "default-scheduler", source: {} });
    expect(scheduled?.["eventTime"]).toMatch(/^[\d-]+T[\d:]+\.\d{6}Z$/u);
    expect(scheduled?.["lastTimestamp"] ?? undefined).toBeUndefined();
  });

  it("tells once why a pod has no node, and binds it when that changes", async () => {
    await start(createScheduler(options));
    addPod("a", {}, "1500m");
    await settle();
    expect(messages("FailedScheduling")).toEqual(["no nodes available to schedule pods"]);
    addNode("n1", { unschedulable: true });
    addNode("n2", { taints: [{ key: "dedicated", value: "x", effect: "NoSchedule" }] });
    addNode("n3", {}, { allocatable: { cpu: "1", memory: "1Gi", pods: "10" } });
    await settle();
    addNode("n4", {}, { conditions: [{ type: "Ready", status: "False" }] });
    await settle();
    expect(messages("FailedScheduling").at(-1)).toBe(
      "0/4 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable, 2 node(s) had untolerated taint(s).",
    );
    expect(podOf("a").status?.conditions).toMatchObject([{ type: "PodScheduled", status: "False", reason: "Unschedulable" }]);
    const told = messages("FailedScheduling").length;
    store.update(KIND.nodes, { name: "n3" }, (node) => ({ ...node, metadata: { ...node.metadata, labels: { x: "y" } } }));
    await settle();
    expect(messages("FailedScheduling")).toHaveLength(told);
    store.update(KIND.nodes, { name: "n1" }, (node) => ({ ...node, spec: {} }));
    await settle();
    expect(podOf("a").spec?.nodeName).toBe("n1");
  });

  it("gives the room of a pod that ended to one that waits, the important one first", async () => {
    addNode("n1");
    addPod("big", {}, "1900m");
    await start(createScheduler(options));
    addPod("low", {}, "1500m");
    addPod("high", { priority: 1000 }, "1500m");
    await settle();
    expect([podOf("low").spec?.nodeName, podOf("high").spec?.nodeName]).toEqual([undefined, undefined]);
    store.update(KIND.pods, { namespace: "default", name: "big" }, (pod) => ({ ...pod, status: { phase: "Succeeded" } }));
    await settle();
    expect([podOf("low").spec?.nodeName, podOf("high").spec?.nodeName]).toEqual([undefined, "n1"]);
  });

  it("leaves pods of other schedulers, gated and bound ones alone", async () => {
    addNode("n1");
    addPod("other", { schedulerName: "mine" });
    addPod("gated", { schedulingGates: [{ name: "x" }] });
    await start(createScheduler(options));
    expect([podOf("other").spec?.nodeName, podOf("gated").spec?.nodeName]).toEqual([undefined, undefined]);
  });

  it("minds node selectors, required affinity, tolerations, host ports and the number of pods", async () => {
    addNode("n1", { taints: [{ key: "k", value: "v", effect: "NoExecute" }] });
    addNode("n2", {}, { allocatable: { cpu: "2", memory: "1Gi", pods: "2" } });
    const term = { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["n1"] }] };
    const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } };
    const tolerations = [{ key: "k", operator: "Equal", value: "v", effect: "NoExecute" }];
    await start(createScheduler(options));
    addPod("tolerant", { affinity: { nodeAffinity }, tolerations });
    addPod("selected", { nodeSelector: { "kubernetes.io/hostname": "n2" } });
    const ports = { containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: 80 }] }] };
    addPod("port", ports);
    await settle();
    addPod("second", ports);
    await settle();
    expect(["tolerant", "selected", "port", "second"].map((name) => podOf(name).spec?.nodeName)).toEqual(["n1", "n2", "n2", undefined]);
    expect(messages("FailedScheduling")).toEqual([
      "0/2 nodes are available: 1 node(s) didn't have free ports for the requested pod ports, 1 node(s) had untolerated taint(s).",
    ]);
    addPod("third");
    await settle();
    expect(messages("FailedScheduling").at(-1)).toMatch(/1 Too many pods/u);
  });
});

describe("namespaces", () => {
  it("get their service account and authority, and get them back", async () => {
    await start(createNamespaceContents({ ...options, caPem: "PEM" }));
    options.client.create(KIND.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } });
    await settle();
    expect(namesOf(KIND.serviceAccounts, "team")).toEqual(["default"]);
    expect(store.get(KIND.configMaps, { namespace: "team", name: "kube-root-ca.crt" })).toMatchObject({ data: { "ca.crt": "PEM" } });
    store.remove(KIND.serviceAccounts, { namespace: "team", name: "default" });
    store.update(KIND.configMaps, { namespace: "team", name: "kube-root-ca.crt" }, (map) => ({ ...map, data: { "ca.crt": "forged" } }));
    await settle();
    expect(namesOf(KIND.serviceAccounts, "team")).toEqual(["default"]);
    expect(store.get(KIND.configMaps, { namespace: "team", name: "kube-root-ca.crt" })).toMatchObject({ data: { "ca.crt": "PEM" } });
  });

  it("that are deleted take along what is in them, pods by their grace", async () => {
    await start(createNamespaceDeletion({ ...options, kinds: ALL_KINDS }), createNamespaceContents({ ...options, caPem: "PEM" }));
    options.client.create(KIND.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } });
    store.create(KIND.pods, {
      metadata: { namespace: "team", name: "p" },
      spec: { nodeName: "n1", terminationGracePeriodSeconds: 5, containers: [{ name: "c" }] },
      status: { phase: "Running" },
    });
    await settle();
    options.client.delete(KIND.namespaces, { name: "team" });
    await settle();
    expect(store.get(KIND.namespaces, { name: "team" })).toMatchObject({ status: { phase: "Terminating" } });
    expect(namesOf(KIND.configMaps, "team")).toEqual([]);
    expect(store.get(KIND.pods, { namespace: "team", name: "p" })).toMatchObject({ metadata: { deletionGracePeriodSeconds: 5 } });
    store.remove(KIND.pods, { namespace: "team", name: "p" });
    await settle();
    expect(store.get(KIND.namespaces, { name: "team" })).toBeUndefined();
  });
});

describe("nodes", () => {
  const taintsOf = (name: string): readonly string[] => (nodeOf(name).spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);
  const report = (name: string, status: string): void => {
    store.update(KIND.nodes, { name }, (node) => ({
      ...node,
      status: {
        conditions: [
          { type: "Ready", status, lastHeartbeatTime: formatTimestamp(clock.nowMs()) },
          { type: "MemoryPressure", status: "True" },
        ],
      },
    }));
  };

  it("are tainted as their conditions change, at once, and foreign taints stay", async () => {
    addNode("n1", { taints: [{ key: "mine", effect: "NoSchedule" }] });
    await start(createNodeLifecycle(options));
    expect(taintsOf("n1")).toEqual(["mine:NoSchedule"]);
    report("n1", "False");
    await settle();
    expect(taintsOf("n1")).toEqual([
      "mine:NoSchedule",
      "node.kubernetes.io/not-ready:NoSchedule",
      "node.kubernetes.io/not-ready:NoExecute",
      "node.kubernetes.io/memory-pressure:NoSchedule",
    ]);
    addNode("n1-like", {}, { conditions: [] });
    await settle();
    expect(taintsOf("n1-like")).toEqual(["node.kubernetes.io/not-ready:NoSchedule"]);
  });

  it("that renew their lease stay; one that falls silent becomes unknown and comes back when it speaks", async () => {
    addNode("n1");
    const lease = { namespace: "kube-node-lease", name: "n1" };
    store.create(KIND.leases, { metadata: lease, spec: { renewTime: formatTimestamp(clock.nowMs()) } });
    await start(createNodeLifecycle(options));
    for (let beat = 0; beat < 10; beat += 1) {
      // oxlint-disable-next-line no-await-in-loop -- time passes step by step
      await clock.advance(10_000);
      store.update(KIND.leases, lease, (object) => ({ ...object, spec: { renewTime: formatTimestamp(clock.nowMs()) } }));
    }
    expect(nodeOf("n1").status?.conditions?.[0]?.status).toBe("True");
    await clock.advance(49_000);
    expect(taintsOf("n1")).toEqual([]);
    await clock.advance(2_000);
    const ready = nodeOf("n1").status?.conditions?.find(({ type }) => type === "Ready");
    expect(ready).toMatchObject({ status: "Unknown", reason: "NodeStatusUnknown", message: "Kubelet stopped posting node status." });
    expect(taintsOf("n1")).toEqual(["node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"]);
    report("n1", "True");
    await settle();
    expect(taintsOf("n1")).toEqual(["node.kubernetes.io/memory-pressure:NoSchedule"]);
    await clock.advance(60_000);
    expect(taintsOf("n1")).toContain("node.kubernetes.io/unreachable:NoSchedule");
  });

  it("that are gone for 40 seconds take their pods along, unless they come back", async () => {
    addNode("n1");
    addPod("p", { nodeName: "n1" });
    await start(createPodCollection(options));
    store.remove(KIND.nodes, { name: "n1" });
    await clock.advance(39_000);
    addNode("n1");
    await clock.advance(60_000);
    expect(store.get(KIND.pods, { namespace: "default", name: "p" })).toBeDefined();
    store.remove(KIND.nodes, { name: "n1" });
    await clock.advance(41_000);
    expect(store.get(KIND.pods, { namespace: "default", name: "p" })).toBeUndefined();
  });
});

describe("events", () => {
  it("go after an hour since they last changed, and the oldest go when there are too many", async () => {
    await start(createEventExpiry({ ...options, maxEvents: 3 }));
    const add = (name: string): ApiObject => store.create(KIND.events, { metadata: { namespace: "default", name } });
    add("a");
    await clock.advance(1_800_000);
    add("b");
    store.update(KIND.events, { namespace: "default", name: "a" }, (event) => ({ ...event, count: 2 }));
    await clock.advance(3_599_000);
    expect(namesOf(KIND.events, "default")).toEqual(["a", "b"]);
    await clock.advance(2_000);
    expect(namesOf(KIND.events, "default")).toEqual([]);
    for (const name of ["c", "d", "e", "f"]) add(name);
    await settle();
    expect(namesOf(KIND.events, "default")).toEqual(["d", "e", "f"]);
  });
});

describe("certificate requests", () => {
  const request = async (
    spec: object,
    subject = { commonName: "system:node:n1", organizations: ["system:nodes"] },
    dnsNames?: string[],
  ): Promise<string> => {
    const pem = createCsr({ keyPair: await createKeyPair(), subject, ...(dnsNames === undefined ? {} : { dnsNames }) });
    const name = `r${store.list(KIND.csrs).items.length}`;
    store.create(KIND.csrs, { metadata: { name }, spec: { request: Buffer.from(pem).toString("base64"), ...spec } });
    await settle();
    return name;
  };
  const statusOf = (name: string): { conditions?: { type: string; reason: string; message: string }[]; certificate?: string } =>
    (store.get(KIND.csrs, { name })?.["status"] ?? {}) as {
      conditions?: { type: string; reason: string; message: string }[];
      certificate?: string;
    };
  const CLIENT = { signerName: "kubernetes.io/kube-apiserver-client-kubelet", usages: ["digital signature", "client auth"] };
  const SERVING = { signerName: "kubernetes.io/kubelet-serving", usages: ["digital signature", "server auth"] };
  const BOOTSTRAP = { username: "system:bootstrap:abcdef", groups: ["system:bootstrappers", "system:authenticated"] };
  const NODE = { username: "system:node:n1", groups: ["system:nodes", "system:authenticated"] };

  beforeEach(async () => {
    const authority = await createCertificateAuthority({ commonName: "ca", clock });
    await start(createCertificateSigning({ ...options, authority, authorizer: createRbac(store) }));
  });

  it("of a bootstrap token and of the node itself are approved and signed", async () => {
    const first = statusOf(await request({ ...CLIENT, ...BOOTSTRAP, expirationSeconds: 7200 }));
    expect(first.conditions).toMatchObject([{ type: "Approved", reason: "AutoApproved" }]);
    expect(describeCertificate(Buffer.from(first.certificate ?? "", "base64").toString())).toMatchObject({
      subject: { commonName: "system:node:n1", organizations: ["system:nodes"] },
      usages: ["digital signature", "client auth"],
      notAfterMs: Math.floor(clock.nowMs() / 1000) * 1000 + 7_200_000,
    });
    expect(statusOf(await request({ ...CLIENT, ...NODE })).conditions?.[0]?.message).toBe(
      "Auto approving self kubelet client certificate after SubjectAccessReview.",
    );
    expect(statusOf(await request({ ...SERVING, ...NODE }, undefined, ["n1"])).certificate).toBeDefined();
  });

  it("of others, for others, and with names they must not have wait for a person", async () => {
    const stranger = { username: "ann", groups: ["system:authenticated"] };
    const other = { commonName: "system:node:n2", organizations: ["system:nodes"] };
    const master = { commonName: "system:node:n1", organizations: ["system:masters"] };
    for (const name of [
      await request({ ...CLIENT, ...stranger }),
      await request({ ...CLIENT, ...NODE }, other),
      await request({ ...CLIENT, ...BOOTSTRAP }, master),
      await request({ ...CLIENT, ...BOOTSTRAP }, undefined, ["n1"]),
      await request({ ...SERVING, ...BOOTSTRAP }, undefined, ["n1"]),
      await request({ ...SERVING, ...NODE }, other, ["n2"]),
      await request({ ...CLIENT, ...BOOTSTRAP, request: "bm9uc2Vuc2U=" }),
    ]) {
      expect(statusOf(name)).toEqual({});
    }
  });

  it("that a person approves are signed only when the signer may", async () => {
    const approve = async (name: string): Promise<void> => {
      store.update(KIND.csrs, { name }, (csr) => ({ ...csr, status: { conditions: [{ type: "Approved", status: "True" }] } }));
      await settle();
    };
    const bad = await request({ ...CLIENT, username: "ann" }, { commonName: "system:node:n1", organizations: ["system:masters"] });
    await approve(bad);
    expect(statusOf(bad)).toMatchObject({
      conditions: [
        { type: "Approved" },
        { type: "Failed", reason: "SignerValidationFailure", message: "subject organization is not system:nodes" },
      ],
    });
    const good = await request(
      { signerName: "kubernetes.io/kube-apiserver-client", usages: ["client auth"], username: "ann" },
      { commonName: "ann", organizations: ["devs"] },
    );
    await approve(good);
    expect(statusOf(good).certificate).toBeDefined();
    const foreign = await request({ signerName: "example.com/mine", usages: ["client auth"] });
    await approve(foreign);
    expect(statusOf(foreign).certificate).toBeUndefined();
  });
});
