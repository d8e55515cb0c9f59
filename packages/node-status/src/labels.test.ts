import { describe, expect, it } from "vitest";
import { findLabelProblems, findTaintProblems } from "./labels.ts";

describe("findLabelProblems", () => {
  it.each([
    "zone",
    "example.com/zone",
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "node.kubernetes.io/anything",
    "my.node.kubernetes.io/x",
    "kubelet.kubernetes.io/x",
    "notkubernetes.io/x",
  ])("allows %s", (key) => expect(findLabelProblems({ [key]: "a" })).toEqual([]));

  it.each(["node-role.kubernetes.io/master", "kubernetes.io/role", "x.k8s.io/y", "k8s.io/y", "node-restriction.kubernetes.io/x"])(
    "does not allow %s",
    (key) => expect(findLabelProblems({ [key]: "a" })).toHaveLength(1),
  );

  it.each([
    ["a/b/c", "v"],
    ["-a", "v"],
    ["UPPER.com/a", "v"],
    [`${"a".repeat(64)}`, "v"],
    ["", "v"],
    ["a", "no spaces"],
    ["a", "x".repeat(64)],
  ])("refuses the syntax of %s=%s", (key, value) => expect(findLabelProblems({ [key]: value })).toHaveLength(1));

  it("allows an empty value", () => expect(findLabelProblems({ a: "" })).toEqual([]));
});

describe("findTaintProblems", () => {
  const taint = { key: "dedicated", value: "gpu", effect: "NoSchedule" };

  it("allows one key with different effects", () => {
    expect(findTaintProblems([taint, { ...taint, effect: "NoExecute" }, { key: "a", effect: "PreferNoSchedule" }])).toEqual([]);
  });

  it.each([
    ["the same twice", [taint, { ...taint, value: "other" }]],
    ["an unknown effect", [{ ...taint, effect: "Never" }]],
    ["a bad key", [{ ...taint, key: "a b" }]],
    ["a bad value", [{ ...taint, value: "a b" }]],
  ])("refuses %s", (_what, taints) => expect(findTaintProblems(taints)).toHaveLength(1));
});
