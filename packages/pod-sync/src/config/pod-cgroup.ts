import {
  computePodLimits,
  computePodRequests,
  computeQosClass,
  hasLimitOnEveryContainer,
  parseQuantity,
  quantityMilliValue,
  quantityValue,
} from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import { formatHugePageSize } from "./hugepages.ts";
import type { NodeFacts } from "./node-facts.ts";
import { milliCpuToQuota, milliCpuToShares } from "./resources.ts";

/** What a pod's cgroup limits; a field that is absent is left as it is. */
export interface PodCgroupLimits {
  /** cgroup v1 shares; 2 to 262144. */
  readonly cpuShares?: bigint;
  /** Microseconds of a period; negative: no limit. */
  readonly cpuQuotaMicros?: bigint;
  readonly cpuPeriodMicros?: bigint;
  readonly memoryLimitBytes?: bigint;
  /** By page size as cgroups spell it, e.g. `2MB`. */
  readonly hugepageLimitsBytes?: { readonly [pageSize: string]: bigint };
}

/** The least shares, for pods that asked for none. */
const MIN_SHARES = 2n;

const PREFIX = "hugepages-";

const hugepageLimits = (requests: ReturnType<typeof computePodRequests>): Pick<PodCgroupLimits, "hugepageLimitsBytes"> => {
  const limits = Object.entries(requests).flatMap(([name, amount]) =>
    name.startsWith(PREFIX)
      ? [[formatHugePageSize(quantityValue(parseQuantity(name.slice(PREFIX.length)))), quantityValue(amount)] as const]
      : [],
  );
  return limits.length === 0 ? {} : { hugepageLimitsBytes: Object.fromEntries(limits) };
};

/**
 * The limits of a pod's cgroup: shares of what it asks for; a quota and a memory limit where every container, or the pod as a whole, has
 * one; the overhead on top (ResourceConfigForPod, pkg/kubelet/cm/helpers_linux.go in the reference).
 * @throws PodModelError `invalid-quantity`
 */
export const computePodCgroupLimits = (pod: Pod, node: Pick<NodeFacts, "cpuCfsQuota" | "cpuCfsQuotaPeriodMicros">): PodCgroupLimits => {
  const requests = computePodRequests(pod);
  const qosClass = computeQosClass(pod);
  if (qosClass === "BestEffort") return { cpuShares: MIN_SHARES, ...hugepageLimits(requests) };
  const limits = computePodLimits(pod);
  const isGuaranteed = qosClass === "Guaranteed";
  const { cpu, memory } = limits;
  const period = node.cpuCfsQuotaPeriodMicros;
  const quota = node.cpuCfsQuota ? milliCpuToQuota(cpu === undefined ? 0n : quantityMilliValue(cpu), period) : -1n;
  return {
    cpuShares: milliCpuToShares(requests["cpu"] === undefined ? 0n : quantityMilliValue(requests["cpu"])),
    ...((isGuaranteed || hasLimitOnEveryContainer(pod, "cpu")) && { cpuQuotaMicros: quota, cpuPeriodMicros: period }),
    ...((isGuaranteed || hasLimitOnEveryContainer(pod, "memory")) && {
      memoryLimitBytes: memory === undefined ? 0n : quantityValue(memory),
    }),
    ...hugepageLimits(requests),
  };
};
