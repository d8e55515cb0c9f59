import { describe, expect, it } from "vitest";
import { setterInput } from "../test/setter-input.ts";
import { computeNode } from "./compute-node.ts";
import { FAKE_FACTS } from "./testing/index.ts";

describe("computeNode", () => {
  it("keeps what is not the kubelet's", () => {
    const node = {
      metadata: { name: "node-1", uid: "u", labels: { a: "1" }, annotations: { b: "2" } },
      spec: { podCIDRs: ["10.0.0.0/24"], taints: [{ key: "k", effect: "NoSchedule" }] },
      status: {
        volumesAttached: [{ name: "v", devicePath: "" }],
        conditions: [{ type: "NetworkUnavailable", status: "False" }],
        phase: "Running",
      },
    };
    const computed = computeNode(setterInput({ node })).node;
    expect(computed.spec).toEqual(node.spec);
    expect(computed.metadata).toMatchObject({
      name: "node-1",
      uid: "u",
      labels: { a: "1", "kubernetes.io/os": "linux" },
      annotations: { b: "2" },
    });
    expect(computed.status).toMatchObject({ volumesAttached: node.status.volumesAttached, phase: "Running" });
    expect(computed.status?.conditions?.map(({ type }) => type)).toEqual([
      "NetworkUnavailable",
      "MemoryPressure",
      "DiskPressure",
      "PIDPressure",
      "Ready",
    ]);
  });

  it("changes nothing of what it is given, and gives the same for the same", () => {
    const input = setterInput({ node: { metadata: { name: "node-1" }, status: { conditions: [{ type: "Ready", status: "False" }] } } });
    const before = structuredClone(input.node);
    const first = computeNode(input);
    expect(input.node).toEqual(before);
    expect(computeNode(input)).toEqual(first);
  });

  it("is at rest after one step", () => {
    const { node } = computeNode(setterInput());
    expect(computeNode(setterInput({ node }))).toEqual({ node, events: [], problems: [] });
  });

  it("shows versions, endpoint, handlers by name and features", () => {
    const handlers = [{ name: "runsc" }, { name: "", features: { userNamespaces: true, recursiveReadOnlyMounts: true } }];
    const facts = { ...FAKE_FACTS, runtime: { ...FAKE_FACTS.runtime, version: undefined, handlers } };
    expect(computeNode(setterInput({ facts, settings: { port: 10_255, declaredFeatures: ["B", "A"] } })).node.status).toMatchObject({
      nodeInfo: { containerRuntimeVersion: "containerd://Unknown", kubeletVersion: "v1.36.0", kubeProxyVersion: "", architecture: "amd64" },
      daemonEndpoints: { kubeletEndpoint: { Port: 10_255 } },
      runtimeHandlers: [
        { name: "", features: { recursiveReadOnlyMounts: true, userNamespaces: true } },
        { name: "runsc", features: { recursiveReadOnlyMounts: false, userNamespaces: false } },
      ],
      features: { supplementalGroupsPolicy: true },
      declaredFeatures: ["A", "B"],
    });
  });

  it("keeps what a runtime that has not answered yet said before", () => {
    const { node } = computeNode(setterInput());
    const facts = { ...FAKE_FACTS, runtime: { name: "containerd", health: { kind: "unknown" as const } }, images: undefined };
    const later = computeNode(setterInput({ node, facts })).node;
    expect(later.status?.runtimeHandlers).toEqual(node.status?.runtimeHandlers);
    expect(later.status?.features).toEqual(node.status?.features);
    expect(later.status?.images).toEqual(node.status?.images);
  });

  it("does every part it can and names those it can't", () => {
    const { node, problems } = computeNode(
      setterInput({ facts: { ...FAKE_FACTS, machine: undefined }, settings: { nodeIps: ["203.0.113.9"] } }),
    );
    expect(problems).toHaveLength(3);
    expect(node.status?.conditions).toHaveLength(4);
  });
});
