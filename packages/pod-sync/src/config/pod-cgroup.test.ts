import type { Container, Pod, PodSpec, ResourceRequirements } from "@nk/pod-model";
import { describe, expect, test } from "vitest";
import { computePodCgroupLimits } from "./pod-cgroup.ts";
import type { PodCgroupLimits } from "./pod-cgroup.ts";

const NODE = { cpuCfsQuota: true, cpuCfsQuotaPeriodMicros: 100_000n };
const MIB = 1024n * 1024n;

const sized = (name: string, requests: ResourceRequirements["requests"], limits?: ResourceRequirements["limits"]): Container => ({
  name,
  resources: { ...(requests && { requests }), ...(limits && { limits }) },
});
const podOf = (containers: readonly Container[], more: Partial<PodSpec> = {}): Pod => ({ spec: { containers, ...more } });

const full = { cpu: "500m", memory: "64Mi" };

describe("the limits of a pod's cgroup", () => {
  const cases: Record<string, { pod: Pod; limits: PodCgroupLimits; node?: typeof NODE }> = {
    "are the least shares for a best effort pod": { pod: podOf([{ name: "a" }]), limits: { cpuShares: 2n } },
    "are shares of the sum of the requests": {
      pod: podOf([sized("a", { cpu: "100m" }), sized("b", { cpu: "150m" })]),
      limits: { cpuShares: 256n },
    },
    "have a quota and a memory limit when every container has one": {
      pod: podOf([sized("a", { cpu: "100m" }, full), sized("b", {}, full)]),
      limits: { cpuShares: 102n, cpuQuotaMicros: 100_000n, cpuPeriodMicros: 100_000n, memoryLimitBytes: 128n * MIB },
    },
    "have none where one container has none": {
      pod: podOf([sized("a", { cpu: "100m" }, { cpu: "1" }), sized("b", {}, full)]),
      limits: { cpuShares: 102n, cpuQuotaMicros: 150_000n, cpuPeriodMicros: 100_000n },
    },
    "count init containers, which may have no limit": {
      pod: podOf([sized("a", full, full)], { initContainers: [sized("i", { cpu: "1" })] }),
      limits: { cpuShares: 1024n },
    },
    "are all of a guaranteed pod's": {
      pod: podOf([sized("a", full, full)]),
      limits: { cpuShares: 512n, cpuQuotaMicros: 50_000n, cpuPeriodMicros: 100_000n, memoryLimitBytes: 64n * MIB },
    },
    "have no quota where quotas are off": {
      pod: podOf([sized("a", full, full)]),
      node: { ...NODE, cpuCfsQuota: false },
      limits: { cpuShares: 512n, cpuQuotaMicros: -1n, cpuPeriodMicros: 100_000n, memoryLimitBytes: 64n * MIB },
    },
    "have the node's period": {
      pod: podOf([sized("a", full, full)]),
      node: { ...NODE, cpuCfsQuotaPeriodMicros: 20_000n },
      limits: { cpuShares: 512n, cpuQuotaMicros: 10_000n, cpuPeriodMicros: 20_000n, memoryLimitBytes: 64n * MIB },
    },
    "are the pod's own where it states any, whatever its containers do": {
      pod: podOf([{ name: "a" }], { resources: { requests: { cpu: "1" }, limits: { cpu: "2", memory: "1Gi" } } }),
      limits: { cpuShares: 1024n, cpuQuotaMicros: 200_000n, cpuPeriodMicros: 100_000n, memoryLimitBytes: 1024n * MIB },
    },
    "have the overhead on top": {
      pod: podOf([sized("a", full, full)], { overhead: { cpu: "250m", memory: "64Mi" } }),
      limits: { cpuShares: 768n, cpuQuotaMicros: 75_000n, cpuPeriodMicros: 100_000n, memoryLimitBytes: 128n * MIB },
    },
    "limit huge pages that are asked for": {
      pod: podOf([sized("a", { ...full, "hugepages-2Mi": "4Mi" }), sized("b", { "hugepages-2Mi": "2Mi" })]),
      limits: { cpuShares: 512n, hugepageLimitsBytes: { "2MB": 6n * MIB } },
    },
  };
  test.each(Object.entries(cases))("%s", (_name, { pod, limits, node = NODE }) => {
    expect(computePodCgroupLimits(pod, node)).toEqual(limits);
  });
});
