import { parseQuantity } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { computeEvictionWords } from "./eviction-message.ts";
import type { StarvedResource } from "./signals.ts";
import type { ContainerStats, PodStats } from "./summary.ts";

const pod = (spec: Partial<NonNullable<Pod["spec"]>> = {}): Pod => ({
  metadata: { name: "web", namespace: "default", uid: "u" },
  spec: {
    initContainers: [{ name: "setup" }],
    containers: [{ name: "a", resources: { requests: { memory: "64Mi", "ephemeral-storage": "1Gi" } } }, { name: "b" }],
    ephemeralContainers: [{ name: "debug" }],
    ...spec,
  },
});

const using = (name: string, memoryBytes: number): ContainerStats => ({ name, memory: { workingSetBytes: memoryBytes } });
const writing = (name: string, rootfs: number, logs?: number): ContainerStats => ({
  name,
  rootfs: { usedBytes: rootfs },
  ...(logs === undefined ? {} : { logs: { usedBytes: logs } }),
});
const stats = (containers: readonly ContainerStats[] | null, memoryBytes?: number): PodStats => ({
  podRef: { uid: "u" },
  containers,
  ...(memoryBytes === undefined ? {} : { memory: { workingSetBytes: memoryBytes } }),
});
const Mi = 2 ** 20;
const words = (who: Pod, what: PodStats | undefined, resource: StarvedResource = "memory") =>
  computeEvictionWords(who, what, { resource, threshold: parseQuantity("100Mi"), available: parseQuantity("50Mi") });
const memoryHead = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. ";
const storageHead = "The node was low on resource: ephemeral-storage. Threshold quantity: 100Mi, available: 50Mi. ";

describe("computeEvictionWords", () => {
  it.each<
    [
      what: string,
      who: Pod,
      what: PodStats | undefined,
      resource: StarvedResource,
      message: string,
      offending: string | undefined,
      usage: string | undefined,
    ]
  >([
    ["no stats", pod(), undefined, "memory", memoryHead, undefined, undefined],
    ["nobody is over", pod(), stats([using("a", 10 * Mi)]), "memory", memoryHead, "", ""],
    ["null for an empty list", pod(), stats(null), "memory", memoryHead, "", ""],
    ["exactly the request", pod(), stats([using("a", 64 * Mi)]), "memory", memoryHead, "", ""],
    [
      "one over",
      pod(),
      stats([using("a", 65 * Mi)]),
      "memory",
      `${memoryHead}Container a was using 65Mi, request is 64Mi, has larger consumption of memory. `,
      "a",
      "65Mi",
    ],
    [
      "no request is none",
      pod(),
      stats([using("b", 1000)]),
      "memory",
      `${memoryHead}Container b was using 1k, request is 0, has larger consumption of memory. `,
      "b",
      "1k",
    ],
    [
      "odd bytes",
      pod(),
      stats([using("b", 10_240_001)]),
      "memory",
      `${memoryHead}Container b was using 10240001, request is 0, has larger consumption of memory. `,
      "b",
      "10240001",
    ],
    [
      "in the order of the stats",
      pod(),
      stats([using("b", Mi), using("a", 65 * Mi)]),
      "memory",
      `${memoryHead}Container b was using 1Mi, request is 0, has larger consumption of memory. Container a was using 65Mi, request is 64Mi, has larger consumption of memory. `,
      "b,a",
      "1Mi,65Mi",
    ],
    [
      "init containers too",
      pod(),
      stats([using("setup", Mi)]),
      "memory",
      `${memoryHead}Container setup was using 1Mi, request is 0, has larger consumption of memory. `,
      "setup",
      "1Mi",
    ],
    ["never ephemeral containers", pod(), stats([using("debug", Mi)]), "memory", memoryHead, "", ""],
    ["never a container that nobody knows", pod(), stats([using("ghost", Mi)]), "memory", memoryHead, "", ""],
    ["nothing measured", pod(), stats([{ name: "b" }]), "memory", memoryHead, "", ""],
    [
      "disk: layer and logs",
      pod(),
      stats([writing("b", Mi, Mi)]),
      "ephemeral-storage",
      `${storageHead}Container b was using 2Mi, request is 0, has larger consumption of ephemeral-storage. `,
      "b",
      "2Mi",
    ],
    [
      "disk: the other resource's request does not count",
      pod(),
      stats([writing("a", 500 * Mi, Mi)]),
      "ephemeral-storage",
      storageHead,
      "",
      "",
    ],
    ["disk: half measured", pod(), stats([writing("b", Mi)]), "ephemeral-storage", storageHead, "", ""],
    ["pids blame nobody", pod(), stats([using("b", Mi)]), "pids", memoryHead.replace("memory", "pids"), "", ""],
    ["inodes blame nobody", pod(), stats([writing("b", Mi, Mi)]), "inodes", memoryHead.replace("memory", "inodes"), "", ""],
  ])("%s", (_, who, what, resource, message, offending, usage) => {
    const result = words(who, what, resource);
    expect(result.message).toBe(message);
    expect(result.annotations["offending_containers"]).toBe(offending);
    expect(result.annotations["offending_containers_usage"]).toBe(usage);
    expect(result.annotations["starved_resource"]).toBe(what === undefined ? undefined : resource);
  });

  it("names a pod that has requests of its own, whether it exceeds them or not", () => {
    const whole = pod({ resources: { requests: { memory: "1Gi" } } });
    expect(words(whole, stats([using("b", Mi)], 500 * Mi))).toEqual({
      message: `${memoryHead}Pod web was using 500Mi, request is 1Gi, has larger consumption of memory. Container b was using 1Mi, request is 0, has larger consumption of memory. `,
      annotations: {
        offending_pod: "web",
        offending_pod_usage: "500Mi",
        offending_containers: "b",
        offending_containers_usage: "1Mi",
        starved_resource: "memory",
      },
    });
    expect(words(whole, stats([])).message).toBe(memoryHead);
    expect(words(whole, stats([], Mi), "ephemeral-storage").message).toBe(storageHead);
  });
});
