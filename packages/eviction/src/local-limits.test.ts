import { describe, expect, it } from "vitest";
import type { FilesystemLayout } from "./filesystem-layout.ts";
import { computeLimitVictims } from "./local-limits.ts";
import { createFakeNode, sketchPod } from "./testing/index.ts";
import type { FakeUsage, PodSketch } from "./testing/index.ts";
import { indexStats } from "./usage.ts";

const Mi = 2 ** 20;
const limit = (text: string) => ({ "ephemeral-storage": text });

const judge = (sketch: Omit<PodSketch, "name">, usage: FakeUsage, layout: FilesystemLayout = "shared") => {
  const node = createFakeNode();
  node.run(sketchPod({ name: "p", ...sketch }), usage);
  return computeLimitVictims(node.pods(), { stats: indexStats(node.summary(0).pods), layout });
};

describe("computeLimitVictims", () => {
  it.each<[what: string, sketch: Omit<PodSketch, "name">, usage: FakeUsage, signal: string]>([
    ["no limits", { emptyDirs: { v: "" } }, { volumeBytes: { v: 9 * Mi }, rootfsBytes: 9 * Mi }, ""],
    ["an emptyDir at its limit", { emptyDirs: { v: "1Mi" } }, { volumeBytes: { v: Mi } }, ""],
    ["an emptyDir over its limit", { emptyDirs: { v: "1Mi" } }, { volumeBytes: { v: Mi + 1 } }, "emptydirfs.limit"],
    ["the second emptyDir", { emptyDirs: { u: "9Mi", v: "1Mi" } }, { volumeBytes: { u: 1, v: 2 * Mi } }, "emptydirfs.limit"],
    ["an emptyDir limited to nothing has no limit", { emptyDirs: { v: "0" } }, { volumeBytes: { v: Mi } }, ""],
    ["a negative limit is none", { emptyDirs: { v: "-1" } }, { volumeBytes: { v: Mi } }, ""],
    ["an unreadable limit is none", { emptyDirs: { v: "lots" } }, { volumeBytes: { v: Mi } }, ""],
    ["a volume of which nothing is known", { emptyDirs: { v: "1Mi" } }, {}, ""],
    ["the pod at its limit", { limits: limit("2Mi") }, { rootfsBytes: Mi, logsBytes: Mi }, ""],
    ["the pod over its limit", { limits: limit("2Mi") }, { rootfsBytes: Mi, logsBytes: Mi + 1 }, "ephemeralpodfs.limit"],
    ["volumes count for the pod", { limits: limit("2Mi"), emptyDirs: { v: "" } }, { volumeBytes: { v: 3 * Mi } }, "ephemeralpodfs.limit"],
    [
      "an emptyDir comes before the pod",
      { limits: limit("1Mi"), emptyDirs: { v: "1Mi" } },
      { volumeBytes: { v: 3 * Mi } },
      "emptydirfs.limit",
    ],
    ["a pod limited to nothing", { limits: limit("0") }, { rootfsBytes: 1 }, "ephemeralpodfs.limit"],
    ["an unreadable container limit is none", { limits: limit("lots") }, { rootfsBytes: 9 * Mi }, ""],
    ["a critical pod", { limits: limit("1Mi"), priority: 2_000_000_000 }, { rootfsBytes: 9 * Mi }, ""],
    [
      "a static pod",
      { emptyDirs: { v: "1Mi" }, annotations: { "kubernetes.io/config.source": "file" } },
      { volumeBytes: { v: 9 * Mi } },
      "",
    ],
    ["another limit", { limits: { memory: "1Mi" } }, { rootfsBytes: 9 * Mi }, ""],
  ])("%s", (_, sketch, usage, signal) => {
    expect(judge(sketch, usage)[0]?.signal ?? "").toBe(signal);
  });

  // The pod's limit is the sum, so that only a container of several exceeds its own alone.
  it.each<[layout: FilesystemLayout, rootfs: number, logs: number, isOver: boolean]>([
    ["shared", Mi + 1, 0, true],
    ["shared", 0, Mi + 1, true],
    ["shared", Mi, 0, false],
    ["shared", Mi, 1, true],
    ["image", Mi + 1, 0, false],
    ["image", 0, Mi + 1, true],
    ["split", Mi + 1, 0, false],
    ["split", Mi, Mi + 1, true],
  ])("%s: a container with a layer of %i and logs of %i bytes is over 1Mi: %s", (layout, rootfs, logs, isOver) => {
    const pod = sketchPod({ name: "p", limits: limit("1Mi") });
    const spec = { containers: [...(pod.spec?.containers ?? []), { name: "roomy", resources: { limits: limit("1Gi") } }] };
    const stats = indexStats([
      { podRef: { uid: "p" }, containers: [{ name: "main", rootfs: { usedBytes: rootfs }, logs: { usedBytes: logs } }] },
    ]);
    expect(computeLimitVictims([{ ...pod, spec }], { stats, layout }).map(({ signal }) => signal)).toEqual(
      isOver ? ["ephemeralcontainerfs.limit"] : [],
    );
  });

  it("speaks the reference's words, grants a second, and calls it no disruption", () => {
    const [volume] = judge({ emptyDirs: { cache: "1024Ki" } }, { volumeBytes: { cache: 2 * Mi } });
    expect(volume).toMatchObject({
      reason: "Evicted",
      message: 'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". ',
      gracePeriodSeconds: 1,
      annotations: {},
    });
    expect(volume?.condition).toBeUndefined();
    expect(judge({ limits: limit("1Mi") }, { rootfsBytes: 2 * Mi })[0]?.message).toBe(
      "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ",
    );
    expect(computeLimitVictims([sketchPod({ name: "unknown", limits: limit("1") })], { stats: new Map(), layout: "shared" })).toEqual([]);
  });

  it("says which container", () => {
    const pod = sketchPod({ name: "p", limits: limit("1Mi") });
    const spec = { containers: [...(pod.spec?.containers ?? []), { name: "roomy", resources: { limits: limit("1Gi") } }] };
    const stats = indexStats([{ podRef: { uid: "p" }, containers: [{ name: "main", logs: { usedBytes: 2 * Mi } }] }]);
    expect(computeLimitVictims([{ ...pod, spec }], { stats, layout: "shared" })[0]?.message).toBe(
      'Container main exceeded its local ephemeral storage limit "1Mi". ',
    );
  });
});
