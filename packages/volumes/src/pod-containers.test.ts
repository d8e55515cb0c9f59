import type { Pod } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { computeMemoryVolumeSize } from "./content/content-volume.ts";
import { computeNestedMountPoints } from "./nested-mount-points.ts";
import { computeFsUser } from "./pod-containers.ts";

const podWith = (spec: Partial<NonNullable<Pod["spec"]>>): Pod => ({ spec: { containers: [], ...spec } });

const runsAs = (name: string, runAsUser?: number): NonNullable<Pod["spec"]>["containers"][number] => ({
  name,
  ...(runAsUser !== undefined && { securityContext: { runAsUser } }),
});

describe("the user of a pod's files", () => {
  it.each([
    ["none says", podWith({ containers: [runsAs("a")] }), undefined],
    ["the pod says", podWith({ containers: [runsAs("a"), runsAs("b")], securityContext: { runAsUser: 5 } }), 5],
    ["all agree", podWith({ containers: [runsAs("a", 5)], initContainers: [runsAs("i", 5)] }), 5],
    ["root is a user too", podWith({ containers: [runsAs("a", 0)] }), 0],
    ["two differ", podWith({ containers: [runsAs("a", 5), runsAs("b", 6)] }), undefined],
    ["one does not say", podWith({ containers: [runsAs("a", 5), runsAs("b")] }), undefined],
    ["an ephemeral one differs", podWith({ containers: [runsAs("a", 5)], ephemeralContainers: [runsAs("e", 6)] }), undefined],
  ])("when %s", (_what, pod, user) => {
    expect(computeFsUser(pod)).toBe(user);
  });
});

describe("the size of a volume in memory", () => {
  const limited = podWith({ containers: [{ name: "a", resources: { limits: { memory: "100Mi" } } }] });
  const partly = podWith({ containers: [{ name: "a", resources: { limits: { memory: "100Mi" } } }, { name: "b" }] });
  it.each([
    ["the volume's limit", limited, { sizeLimit: "10Mi", allocatable: "1Gi" }, 10n],
    ["the pod's limit", limited, { sizeLimit: "1Gi", allocatable: "1Gi" }, 100n],
    ["the node's", partly, { allocatable: "1Gi" }, 1024n],
    ["never zero because a limit is", partly, { sizeLimit: "0", allocatable: "1Gi" }, 1024n],
    ["unknown without any", partly, { allocatable: undefined }, 0n],
  ])("is %s", (_what, pod, limits, mebibytes) => {
    expect(computeMemoryVolumeSize(pod, limits)).toBe(mebibytes * 1024n * 1024n);
  });
});

describe("mount points below a volume", () => {
  const mounting = (...paths: readonly (readonly [string, string])[]): Pod =>
    podWith({ containers: [{ name: "c", volumeMounts: paths.map(([name, mountPath]) => ({ name, mountPath })) }] });

  it.each([
    ["none", mounting(["v", "/dir"], ["w", "/dir2"], ["x", "/dir-nested"]), []],
    ["one", mounting(["w", "/dir/nested/"], ["v", "/dir"]), ["nested"]],
    [
      "no inner ones",
      mounting(["v", "/dir"], ["w", "/dir/nested"], ["x", "/dir/nested/double"], ["y", "/dir/nested-vol/x"]),
      ["nested", "nested-vol/x"],
    ],
    ["of every place it is mounted at", mounting(["v", "/a"], ["v", "/b"], ["w", "/a/x"], ["w", "/b/y"]), ["x", "y"]],
    ["spelled in any way", mounting(["v", "/dir/./a/.."], ["w", "/dir//x/../y"]), ["y"]],
    ["not the writer's own names", mounting(["v", "/dir"], ["w", "/dir/..data/x"]), []],
  ])("are %s", (_what, pod, points) => {
    expect(computeNestedMountPoints(pod, "v")).toEqual(points);
  });

  it("outside the container are refused", () => {
    expect(() => computeNestedMountPoints(mounting(["v", "../x"]), "v")).toThrow("invalid container mount point ../x");
  });
});
