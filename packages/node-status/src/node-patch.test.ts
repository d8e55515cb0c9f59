import type { Node } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { computeNodePatch } from "./node-patch.ts";
import { isSameNode, isSameResources } from "./same-value.ts";
import { applyNodePatch } from "./testing/apply-patch.ts";

const ready = { type: "Ready", status: "True", reason: "R", message: "m", lastHeartbeatTime: "t1", lastTransitionTime: "t0" };
const base: Node = {
  metadata: { name: "n", labels: { a: "1", b: "2" }, annotations: { x: "1" } },
  spec: { podCIDRs: ["c"] },
  status: {
    addresses: [
      { type: "InternalIP", address: "1" },
      { type: "Hostname", address: "n" },
    ],
    capacity: { cpu: "2", "example.com/a": "1" },
    conditions: [{ type: "Memory", status: "False" }, ready],
    nodeInfo: { kernelVersion: "5", bootID: "b", swap: { capacity: 1 } } as never,
    images: [{ names: ["i"], sizeBytes: 1 }],
  },
};
const withStatus = (status: object): Node => ({ ...base, status: { ...base.status, ...status } });

describe("computeNodePatch", () => {
  it.each<[string, Node, object]>([
    [
      "a heartbeat",
      withStatus({ conditions: [base.status?.conditions?.[0], { ...ready, lastHeartbeatTime: "t2" }] }),
      {
        status: {
          "$setElementOrder/conditions": [{ type: "Memory" }, { type: "Ready" }],
          conditions: [{ type: "Ready", lastHeartbeatTime: "t2" }],
        },
      },
    ],
    [
      "a new condition",
      withStatus({ conditions: [...(base.status?.conditions ?? []), { type: "Disk", status: "True" }] }),
      {
        status: {
          "$setElementOrder/conditions": [{ type: "Memory" }, { type: "Ready" }, { type: "Disk" }],
          conditions: [{ type: "Disk", status: "True" }],
        },
      },
    ],
    [
      "a condition that is gone",
      withStatus({ conditions: [ready] }),
      {
        status: { "$setElementOrder/conditions": [{ type: "Ready" }], conditions: [{ $patch: "delete", type: "Memory" }] },
      },
    ],
    [
      "two addresses of one type",
      withStatus({
        addresses: [
          { type: "InternalIP", address: "1" },
          { type: "InternalIP", address: "2" },
        ],
      }),
      {
        status: { addresses: [{ type: "InternalIP", address: "1" }, { type: "InternalIP", address: "2" }, { $patch: "replace" }] },
      },
    ],
    ["resources", withStatus({ capacity: { cpu: "3" } }), { status: { capacity: { cpu: "3", "example.com/a": null } } }],
    [
      "a part of nodeInfo",
      withStatus({ nodeInfo: { kernelVersion: "6", bootID: "b" } }),
      { status: { nodeInfo: { kernelVersion: "6", swap: null } } },
    ],
    [
      "images, as a whole",
      withStatus({ images: [{ names: ["j"], sizeBytes: 2 }] }),
      { status: { images: [{ names: ["j"], sizeBytes: 2 }] } },
    ],
    [
      "labels and annotations",
      { ...base, metadata: { name: "n", labels: { a: "1", c: "3" } } },
      { metadata: { labels: { b: null, c: "3" }, annotations: null } },
    ],
  ])("says %s, and the server makes the new node of it", (_what, after, patch) => {
    expect(computeNodePatch(base, after)).toEqual(patch);
    expect(isSameNode(applyNodePatch(base, patch as never), after)).toBe(true);
    expect(isSameNode(base, after)).toBe(_what === "a heartbeat");
  });

  it("never touches the spec, and is nothing when nothing differs", () => {
    expect(computeNodePatch(base, { ...base, spec: { unschedulable: true } })).toBeUndefined();
    expect(computeNodePatch(base, structuredClone(base))).toBeUndefined();
  });

  it("takes for equal what the server drops or fills", () => {
    const filled = { ...base, status: { ...base.status, volumesInUse: [], images: [{ names: ["i"], sizeBytes: 1 }], phase: "" } };
    expect(computeNodePatch(base, filled)).toBeUndefined();
    expect(
      computeNodePatch(
        { ...base, status: { ...base.status, images: [{ sizeBytes: 1 }] } },
        withStatus({ images: [{ names: [], sizeBytes: 1 }] }),
      ),
    ).toBeUndefined();
  });

  it("starts from nothing", () => {
    expect(isSameNode(applyNodePatch({ metadata: { name: "n" } }, computeNodePatch({ metadata: { name: "n" } }, base) ?? {}), base)).toBe(
      true,
    );
  });
});

describe("isSameNode", () => {
  it("does not mind the order of conditions, and compares amounts, not spellings", () => {
    expect(isSameNode(base, withStatus({ conditions: [ready, base.status?.conditions?.[0]] }))).toBe(true);
    expect(isSameResources({ memory: "1Gi" }, { memory: "1024Mi" })).toBe(true);
    expect(isSameResources({ memory: "1Gi" }, { memory: "1025Mi" })).toBe(false);
    expect(isSameResources({ memory: "1Gi" }, {})).toBe(false);
    expect(isSameResources({ memory: "odd" }, { memory: "1Gi" })).toBe(false);
  });

  it("minds a false that was absent", () => {
    expect(isSameNode(withStatus({ features: {} }), withStatus({ features: { supplementalGroupsPolicy: false } }))).toBe(false);
  });
});
