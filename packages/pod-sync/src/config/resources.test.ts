import type { Container, Pod, PodSpec, ResourceRequirements } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { recordedNode } from "../../test/recordings/node.ts";
import { formatHugePageSize } from "./hugepages.ts";
import type { NodeFacts } from "./node-facts.ts";
import { computeOomScoreAdj } from "./oom-score.ts";
import {
  computeContainerResources,
  computeOverheadResources,
  computeSandboxResources,
  milliCpuToQuota,
  milliCpuToShares,
} from "./resources.ts";

const GIB = 1024n ** 3n;
const v2: NodeFacts = { ...recordedNode, cgroupVersion: 2, memoryCapacityBytes: 16n * GIB, swapCapacityBytes: 4n * GIB };

const containerWith = (resources: ResourceRequirements, name = "main"): Container => ({ name, resources });
const podOf = (containers: readonly Container[], spec: Partial<PodSpec> = {}): Pod => ({
  metadata: { name: "web", annotations: { "kubernetes.io/config.source": "api" } },
  spec: { containers, ...spec },
});

describe("CPU", () => {
  it.each([
    [0n, 2n],
    [1n, 2n],
    [100n, 102n],
    [1000n, 1024n],
    [1_000_000n, 262_144n],
  ])("of %i thousandths has %i shares", (milliCpu, shares) => {
    expect(milliCpuToShares(milliCpu)).toBe(shares);
  });

  it.each([
    [0n, 100_000n, 0n],
    [5n, 100_000n, 1000n],
    [250n, 100_000n, 25_000n],
    [2500n, 50_000n, 125_000n],
    [10n ** 21n, 100_000n, 2n ** 63n - 1n],
  ])("of %i thousandths in a period of %i us has a quota of %i us", (milliCpu, periodMicros, quota) => {
    expect(milliCpuToQuota(milliCpu, periodMicros)).toBe(quota);
  });

  it.each<[string, ResourceRequirements, Partial<NodeFacts>, boolean, object]>([
    ["limit stands in for a request", { limits: { cpu: "500m" } }, {}, false, { cpuShares: 512n, cpuQuota: 50_000n }],
    [
      "request of zero counts as stated",
      { requests: { cpu: "0" }, limits: { cpu: "1" } },
      {},
      false,
      { cpuShares: 2n, cpuQuota: 100_000n },
    ],
    ["quota can be turned off", { limits: { cpu: "1" } }, { cpuCfsQuota: false }, false, { cpuShares: 1024n, cpuQuota: 0n, cpuPeriod: 0n }],
    ["quota is unlimited on CPUs of one's own", { limits: { cpu: "1" } }, {}, true, { cpuQuota: -1n, cpuPeriod: 100_000n }],
  ])("%s", (_what, resources, facts, hasExclusiveCpus, expected) => {
    const container = containerWith(resources);
    const node = { ...recordedNode, ...facts };
    expect(computeContainerResources({ pod: podOf([container]), container, node, hasExclusiveCpus })).toMatchObject(expected);
  });
});

describe("memory", () => {
  it("has the pod's limit where the container states none", () => {
    const container = containerWith({});
    const pod = podOf([container], { resources: { limits: { memory: "64Mi", cpu: "1" } } });
    expect(computeContainerResources({ pod, container, node: recordedNode })).toMatchObject({
      memoryLimitInBytes: 67_108_864n,
      memorySwapLimitInBytes: 67_108_864n,
      cpuQuota: 100_000n,
    });
  });

  it.each<[string, Partial<NodeFacts>, ResourceRequirements, Partial<PodSpec>, object]>([
    ["off by default", {}, { requests: { memory: "1Gi" } }, {}, { "memory.swap.max": "0" }],
    ["a share of the node's", { swapBehavior: "LimitedSwap" }, { requests: { memory: "1Gi" } }, {}, { "memory.swap.max": "268435456" }],
    [
      "off when request and limit are equal",
      { swapBehavior: "LimitedSwap" },
      { requests: { memory: "1Gi", cpu: "1" }, limits: { memory: "1Gi" } },
      {},
      { "memory.swap.max": "0" },
    ],
    [
      "off for critical pods",
      { swapBehavior: "LimitedSwap" },
      { requests: { memory: "1Gi" } },
      { priority: 2_000_000_000 },
      { "memory.swap.max": "0" },
    ],
    ["off for best effort", { swapBehavior: "LimitedSwap" }, {}, {}, { "memory.swap.max": "0" }],
    ["not mentioned without its controller", { swapControllerAvailable: false }, {}, {}, {}],
    ["beside the group kill", { singleProcessOomKill: false }, {}, {}, { "memory.oom.group": "1", "memory.swap.max": "0" }],
  ])("swap on v2 is %s", (_what, facts, resources, spec, unified) => {
    const container = containerWith(resources);
    expect(computeContainerResources({ pod: podOf([container], spec), container, node: { ...v2, ...facts } }).unified).toEqual(unified);
  });

  it("has no swap limit on v1 without its controller, and no group kill", () => {
    const container = containerWith({ limits: { memory: "1Gi" } });
    const node = { ...recordedNode, swapControllerAvailable: false, singleProcessOomKill: false };
    expect(computeContainerResources({ pod: podOf([container]), container, node })).toMatchObject({
      memorySwapLimitInBytes: 0n,
      unified: {},
    });
  });
});

describe("huge pages", () => {
  it.each([
    [1024n, "1KB"],
    [65_536n, "64KB"],
    [2_097_152n, "2MB"],
    [GIB, "1GB"],
  ])("of %i bytes are called %s", (sizeBytes, name) => {
    expect(formatHugePageSize(sizeBytes)).toBe(name);
  });

  it("are limited to what the container, else the pod, states", () => {
    const container = containerWith({ limits: { "hugepages-2Mi": "4Mi" } });
    const pod = podOf([container], { resources: { limits: { "hugepages-2Mi": "8Mi", "hugepages-1Gi": "1Gi" } } });
    expect(computeContainerResources({ pod, container, node: recordedNode }).hugepageLimits).toEqual([
      { pageSize: "2MB", limit: 4_194_304n },
      { pageSize: "1GB", limit: GIB },
    ]);
  });
});

describe("OOM score", () => {
  const capacity = 10n * GIB;
  const burstable = (memory: string, name?: string): Container => containerWith({ requests: { memory } }, name);
  const guaranteed = containerWith({ requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "1", memory: "1Gi" } });

  it.each<[string, Pod, number, bigint]>([
    ["best effort", podOf([containerWith({})]), 0, 1000n],
    ["guaranteed", podOf([guaranteed]), 0, -997n],
    ["half of the memory", podOf([burstable("5Gi")]), 0, 500n],
    ["all of the memory", podOf([burstable("10Gi")]), 0, 3n],
    ["next to nothing", podOf([burstable("1Mi")]), 0, 999n],
    ["nothing, in a burstable pod", podOf([burstable("1Gi"), containerWith({}, "b")]), 1, 999n],
    ["node-critical", podOf([burstable("1Gi")], { priority: 2_000_001_000, priorityClassName: "system-node-critical" }), 0, -997n],
    [
      "critical for the cluster only",
      podOf([burstable("1Gi")], { priority: 2_000_000_000, priorityClassName: "system-cluster-critical" }),
      0,
      900n,
    ],
    [
      "a share of what the pod asks for beyond",
      podOf([burstable("1Gi"), burstable("1Gi", "b")], { resources: { requests: { memory: "4Gi" } } }),
      0,
      800n,
    ],
  ])("%s", (_what, pod, index, score) => {
    const container = pod.spec?.containers[index] ?? { name: "" };
    expect(computeOomScoreAdj(pod, container, capacity)).toBe(score);
  });

  it.each([
    ["1Gi", 700n],
    ["5Gi", 500n],
  ])("of a sidecar asking for %s is at most that of the smallest app container", (memory, score) => {
    const sidecar: Container = { ...burstable(memory, "side"), restartPolicy: "Always" };
    const pod = podOf([burstable("3Gi"), burstable("4Gi", "b")], { initContainers: [sidecar] });
    expect(computeOomScoreAdj(pod, sidecar, capacity)).toBe(score);
  });
});

describe("sandbox", () => {
  it("has the sum of the containers, and the overhead apart from it", () => {
    const pod = podOf(
      [containerWith({ requests: { cpu: "1" }, limits: { cpu: "2", memory: "1Gi" } }), containerWith({ limits: { memory: "1Gi" } }, "b")],
      {
        overhead: { cpu: "250m", memory: "16Mi" },
      },
    );
    expect(computeSandboxResources(pod, v2)).toMatchObject({ cpuShares: 1024n, cpuQuota: 200_000n, memoryLimitInBytes: 2n * GIB });
    expect(computeOverheadResources(pod, v2)).toMatchObject({ cpuShares: 256n, cpuQuota: 25_000n, memoryLimitInBytes: 16_777_216n });
  });

  it("kills its processes together where asked", () => {
    expect(computeSandboxResources(podOf([]), { ...v2, singleProcessOomKill: false }).unified).toEqual({ "memory.oom.group": "1" });
  });
});
