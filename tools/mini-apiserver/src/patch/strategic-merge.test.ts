import { describe, expect, it } from "vitest";
import { typePlan } from "../kinds/schema.ts";
import { PatchError } from "./patch-error.ts";
import { applyStrategicMergePatch } from "./strategic-merge.ts";
import type { Fields } from "./strategic-merge.ts";

const podSpec = (spec: Fields, patch: Fields): unknown => applyStrategicMergePatch({ spec }, { spec: patch }, typePlan("core.Pod"))["spec"];
const podStatus = (status: Fields, patch: Fields): unknown =>
  applyStrategicMergePatch({ status }, { status: patch }, typePlan("core.Pod"))["status"];

const c = (name: string, more: Fields = {}): Fields => ({ name, ...more });

describe("a strategic merge patch merges by the key of the list", () => {
  it.each<[string, Fields, Fields, Fields]>([
    [
      "containers",
      { containers: [c("a", { image: "1" }), c("b")] },
      { containers: [c("a", { image: "2" })] },
      { containers: [c("a", { image: "2" }), c("b")] },
    ],
    [
      "initContainers",
      { initContainers: [c("a")] },
      { initContainers: [c("a", { image: "x" })] },
      { initContainers: [c("a", { image: "x" })] },
    ],
    [
      "volumes",
      { volumes: [c("v", { emptyDir: {} })] },
      { volumes: [c("w", { emptyDir: {} })] },
      { volumes: [c("w", { emptyDir: {} }), c("v", { emptyDir: {} })] },
    ],
    [
      "env",
      { containers: [c("a", { env: [c("X", { value: "1" })] })] },
      { containers: [c("a", { env: [c("X", { value: "2" })] })] },
      { containers: [c("a", { env: [c("X", { value: "2" })] })] },
    ],
    [
      "ports",
      { containers: [c("a", { ports: [{ containerPort: 80, name: "x" }] })] },
      { containers: [c("a", { ports: [{ containerPort: 80, name: "y" }] })] },
      { containers: [c("a", { ports: [{ containerPort: 80, name: "y" }] })] },
    ],
    [
      "volumeMounts",
      { containers: [c("a", { volumeMounts: [{ mountPath: "/x", name: "v" }] })] },
      { containers: [c("a", { volumeMounts: [{ mountPath: "/x", readOnly: true }] })] },
      { containers: [c("a", { volumeMounts: [{ mountPath: "/x", name: "v", readOnly: true }] })] },
    ],
    ["imagePullSecrets", { imagePullSecrets: [c("s")] }, { imagePullSecrets: [c("s")] }, { imagePullSecrets: [c("s")] }],
    [
      "hostAliases",
      { hostAliases: [{ ip: "1", hostnames: ["a"] }] },
      { hostAliases: [{ ip: "1", hostnames: ["b"] }] },
      { hostAliases: [{ ip: "1", hostnames: ["b"] }] },
    ],
    [
      "schedulingGates",
      { schedulingGates: [c("g"), c("h")] },
      { schedulingGates: [c("g", { $patch: "delete" })] },
      { schedulingGates: [c("h")] },
    ],
  ])("%s", (_name, original, patch, expected) => {
    expect(podSpec(original, patch)).toEqual(expected);
  });

  it("tolerations are one value", () => {
    expect(podSpec({ tolerations: [{ key: "a" }] }, { tolerations: [{ key: "b" }] })).toEqual({ tolerations: [{ key: "b" }] });
  });

  it("conditions go by type and podIPs by ip", () => {
    const status = { conditions: [{ type: "Ready", status: "False" }], podIPs: [{ ip: "1" }] };
    expect(podStatus(status, { conditions: [{ type: "Ready", status: "True" }], podIPs: [{ ip: "2" }] })).toEqual({
      conditions: [{ type: "Ready", status: "True" }],
      podIPs: [{ ip: "2" }, { ip: "1" }],
    });
  });

  it("container statuses are one value", () => {
    expect(podStatus({ containerStatuses: [c("a"), c("b")] }, { containerStatuses: [c("a")] })).toEqual({ containerStatuses: [c("a")] });
  });

  it("a node's addresses go by type, its taints and images are one value", () => {
    const node = {
      spec: { taints: [{ key: "a", effect: "NoSchedule" }] },
      status: { addresses: [{ type: "InternalIP", address: "1" }], images: [{ names: ["x"] }] },
    };
    const patch = {
      spec: { taints: [{ key: "b", effect: "NoSchedule" }] },
      status: { addresses: [{ type: "InternalIP", address: "2" }], images: [{ names: ["y"] }] },
    };
    expect(applyStrategicMergePatch(node, patch, typePlan("core.Node"))).toEqual(patch);
  });

  it("finalizers are a set and ownerReferences go by uid", () => {
    const meta = { finalizers: ["a"], ownerReferences: [{ uid: "1", name: "x" }] };
    const patch = { finalizers: ["b"], ownerReferences: [{ uid: "1", name: "y" }] };
    expect(applyStrategicMergePatch({ metadata: meta }, { metadata: patch }, typePlan("core.Pod"))["metadata"]).toEqual({
      finalizers: ["b", "a"],
      ownerReferences: [{ uid: "1", name: "y" }],
    });
  });
});

describe("directives of a strategic merge patch", () => {
  it("$patch: delete takes an item out", () => {
    expect(podSpec({ containers: [c("a"), c("b")] }, { containers: [{ $patch: "delete", name: "a" }] })).toEqual({ containers: [c("b")] });
  });

  it("$patch: replace replaces a list", () => {
    expect(podSpec({ containers: [c("a"), c("b")] }, { containers: [{ $patch: "replace" }, c("z")] })).toEqual({ containers: [c("z")] });
  });

  it("$patch: replace replaces a map", () => {
    const patched = applyStrategicMergePatch(
      { metadata: { labels: { a: "1", b: "2" } } },
      { metadata: { labels: { $patch: "replace", c: "3" } } },
      typePlan("core.Pod"),
    );
    expect(patched).toEqual({ metadata: { labels: { c: "3" } } });
  });

  it("$setElementOrder orders, items it does not name keep their place among the others", () => {
    const original = { containers: [c("a"), c("b"), c("d")] };
    expect(podSpec(original, { "$setElementOrder/containers": [c("d"), c("a")], containers: [c("a", { image: "x" })] })).toEqual({
      containers: [c("b"), c("d"), c("a", { image: "x" })],
    });
  });

  it("$setElementOrder alone reorders a set", () => {
    const patched = applyStrategicMergePatch(
      { metadata: { finalizers: ["a", "b", "c"] } },
      { metadata: { "$setElementOrder/finalizers": ["c", "b", "a"] } },
      typePlan("core.Pod"),
    );
    expect(patched).toEqual({ metadata: { finalizers: ["c", "b", "a"] } });
  });

  it("$deleteFromPrimitiveList takes values out of a set", () => {
    const patched = applyStrategicMergePatch(
      { metadata: { finalizers: ["a", "b", "c"] } },
      { metadata: { "$deleteFromPrimitiveList/finalizers": ["b"], finalizers: ["d"] } },
      typePlan("core.Pod"),
    );
    expect(patched).toEqual({ metadata: { finalizers: ["d", "a", "c"] } });
  });

  it("$retainKeys drops the source a volume had before", () => {
    const original = { volumes: [c("v", { emptyDir: {} })] };
    expect(podSpec(original, { volumes: [{ $retainKeys: ["name", "hostPath"], name: "v", hostPath: { path: "/x" } }] })).toEqual({
      volumes: [c("v", { hostPath: { path: "/x" } })],
    });
  });

  it("null removes, and leaves no trace in what is new", () => {
    const patched = applyStrategicMergePatch(
      { metadata: { labels: { a: "1", b: "2" } } },
      { metadata: { labels: { a: null }, annotations: { x: null, y: "1" } } },
      typePlan("core.Pod"),
    );
    expect(patched).toEqual({ metadata: { labels: { b: "2" }, annotations: { y: "1" } } });
  });
});

describe("a strategic merge patch is refused", () => {
  it.each<[string, Fields, string]>([
    [
      "without the key of the list",
      { spec: { containers: [{ image: "x" }] } },
      "map: map[image:x] does not contain declared merge key: name",
    ],
    ["with a directive nobody knows", { $patch: "spin" }, "unknown patch type: spin in map: map[$patch:spin]"],
    ["with an order that is no list", { spec: { "$setElementOrder/containers": 5 } }, "expected a []interface {}, but received a int64"],
    ["when it sets what it does not retain", { spec: { $retainKeys: ["a"], hostname: "x" } }, "invalid patch format of retainKeys"],
  ])("%s", (_what, patch, message) => {
    const apply = (): unknown => applyStrategicMergePatch({ spec: { containers: [c("a")] } }, patch, typePlan("core.Pod"));
    expect(apply).toThrow(PatchError);
    expect(apply).toThrow(message);
  });

  it("when it is nested without end", () => {
    let patch: Fields = {};
    for (let depth = 0; depth < 5000; depth += 1) patch = { x: patch };
    expect(() => applyStrategicMergePatch({}, patch, typePlan("core.Pod"))).toThrow("nested too deeply");
  });
});
