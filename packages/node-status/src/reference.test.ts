import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CSINode, Lease, Node } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { computeCsiNode } from "./csi-node.ts";
import type { ImageFact, MachineFacts, NetworkFacts, NodeFacts } from "./facts.ts";
import { computeLease } from "./lease.ts";
import { readMachineFacts } from "./machine-facts.ts";
import { NODE_EVENTS } from "./node-events.ts";
import { createNodeStatus } from "./node-status.ts";
import type { NodeEvent } from "./ports.ts";
import { createFakeFacts, createFakeNodeApi } from "./testing/index.ts";

const fixture = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, "../test/fixtures", name), "utf8"));
const recorded = fixture("node.json") as Node;

/** The machine of the fixture `plain`, but for what differs on the one that was recorded. */
const machine: MachineFacts = {
  ...(await readMachineFacts({ root: join(import.meta.dirname, "../test/fixtures/machines/plain"), arch: "x64" })),
  systemUuid: "3d1219c7c4c5404aaa1f6d2a48adfda4",
  hugePages: [
    { sizeBytes: 2n ** 21n, pages: 0n },
    { sizeBytes: 2n ** 30n, pages: 0n },
  ],
  diskBytes: 264_212_084n * 1024n,
  diskInodes: 0n,
  bootTimeMs: undefined,
};

/** The recorded images in the order a runtime may list them: by no rule. */
const images: readonly ImageFact[] = (recorded.status?.images ?? [])
  .map(({ names, sizeBytes }, index) => ({ id: `sha256:${index}`, repoTags: names ?? [], repoDigests: [], sizeBytes: sizeBytes ?? 0 }))
  .toSorted((a, b) => (a.sizeBytes % 1000) - (b.sizeBytes % 1000));

const features = { recursiveReadOnlyMounts: true, userNamespaces: false };
const facts: NodeFacts = {
  machine,
  runtime: {
    name: "containerd",
    version: "2.1.9+unknown",
    health: { kind: "unknown" },
    handlers: [
      { name: "test-handler", features },
      { name: "", features },
      { name: "runc", features },
    ],
    features: { supplementalGroupsPolicy: true },
  },
  images,
  pressure: { memory: false, disk: false, pid: false },
};
const network: NetworkFacts = { interfaces: [{ name: "eth0", isLoopback: false, addresses: ["203.0.113.7"] }], resolved: [] };
const wellRuntime: NodeFacts["runtime"] = {
  ...facts.runtime,
  health: {
    kind: "answered",
    runtime: { type: "RuntimeReady", status: true, reason: "", message: "" },
    network: { type: "NetworkReady", status: true, reason: "", message: "" },
  },
};

/** Starts at the moment the recorded node was created; the runtime is ready a second later, as it was there. */
const record = async () => {
  const clock = createFakeClock({ startMs: Date.UTC(2026, 10, 21, 9, 22, 41) });
  const api = createFakeNodeApi();
  const events: NodeEvent[] = [];
  const ports = {
    ...api,
    facts: createFakeFacts(facts),
    network: { read: () => Promise.resolve(network) },
    events: { record: ({ type, reason, message }: NodeEvent) => void events.push({ type, reason, message }) },
  };
  const node = createNodeStatus(ports, {
    clock,
    random: () => 0.5,
    settings: {
      nodeName: "node-1",
      kubeletVersion: "v1.36.0",
      nodeIps: ["203.0.113.7"],
      maxPods: 250,
      evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "nodefs.inodesFree": "1%", "imagefs.available": "1%" },
      declaredFeatures: [
        "RestartAllContainersOnContainerExits",
        "ExtendWebSocketsToKubelet",
        "InPlacePodVerticalScalingInitContainers",
        "InPlacePodLevelResourcesVerticalScaling",
      ],
    },
  });
  const stop = new AbortController();
  const running = node.run(stop.signal);
  await clock.advance(1000);
  ports.facts.change({ runtime: wellRuntime });
  await clock.advance(Date.UTC(2026, 10, 21, 10, 0, 39) - clock.nowMs());
  stop.abort();
  await running;
  return { node: api.stored(), lease: api.storedLease(), events };
};

/** Undefined, null and an empty list of names are one to the API server. */
const withoutEmptyNames = (node: Node | undefined): unknown => ({
  ...node?.status,
  images: node?.status?.images?.map(({ names, sizeBytes }) => ({ names: names ?? [], sizeBytes })),
});

describe("the recording of the reference", () => {
  it("has the same status, field by field", async () => {
    const { node } = await record();
    const status = withoutEmptyNames(node) as { conditions: readonly { lastHeartbeatTime: string }[] };
    const wanted = withoutEmptyNames(recorded) as typeof status;
    // The last heartbeat depends on when the last report was due, which is left to chance.
    const withoutHeartbeats = ({ conditions }: typeof status) => conditions.map((one) => ({ ...one, lastHeartbeatTime: "" }));
    expect(withoutHeartbeats(status)).toEqual(withoutHeartbeats(wanted));
    expect({ ...status, conditions: [] }).toEqual({ ...wanted, conditions: [] });
  });

  it("has the same labels, annotations and spec", async () => {
    const { node } = await record();
    // The TTL annotation is the node controller's.
    const { "node.alpha.kubernetes.io/ttl": _, ...annotations } = recorded.metadata?.annotations ?? {};
    expect(node?.metadata?.labels).toEqual(recorded.metadata?.labels);
    expect(node?.metadata?.annotations).toEqual(annotations);
    expect(node?.spec).toEqual(recorded.spec);
  });

  it("has the same lease", () => {
    const lease = fixture("lease.json") as Lease;
    const made = computeLease(
      {
        nodeName: "node-1",
        nodeUid: recorded.metadata?.uid,
        leaseDurationSeconds: 40,
        nowMs: Date.UTC(2026, 10, 21, 10, 4, 43) + 30.821,
      },
      undefined,
    );
    const { creationTimestamp: _time, resourceVersion: _version, uid: _uid, ...metadata } = lease.metadata ?? {};
    expect(made).toEqual({ ...lease, metadata });
  });

  it("has the same CSINode", () => {
    const csiNode = fixture("csinode.json") as CSINode;
    const { creationTimestamp: _time, resourceVersion: _version, uid: _uid, ...metadata } = csiNode.metadata ?? {};
    // The server shows an empty list as null.
    expect(computeCsiNode(recorded)).toEqual({ ...csiNode, metadata, spec: { drivers: [] } });
  });

  it("has the same node events, each told once", async () => {
    const all = fixture("node-events.json") as readonly (NodeEvent & { readonly source: { readonly component?: string } })[];
    const wanted = all
      .filter(({ source }) => source.component === "kubelet")
      .slice(0, 8)
      .map(({ type, reason, message }) => ({ type, reason, message }));
    const { events } = await record();
    const given = [NODE_EVENTS.cgroupV1(), NODE_EVENTS.invalidDiskCapacity(), NODE_EVENTS.allocatableEnforced()];
    const byReason = (a: NodeEvent, b: NodeEvent): number => (a.reason < b.reason ? -1 : 1);
    expect([...events, ...given].toSorted(byReason)).toEqual(wanted.toSorted(byReason));
  });
});
