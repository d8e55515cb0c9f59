import { LinuxContainerResources } from "@nk/cri-api";
import {
  computePodLimits,
  computePodRequests,
  computeQosClass,
  hasPodLevelResources,
  isCriticalPod,
  parseQuantity,
  quantityMilliValue,
  quantityValue,
} from "@nk/pod-model";
import type { Container, Pod, Quantity } from "@nk/pod-model";
import { computeHugepageLimits } from "./hugepages.ts";
import type { NodeFacts } from "./node-facts.ts";
import { computeOomScoreAdj } from "./oom-score.ts";

const MIN_SHARES = 2n;
const MAX_SHARES = 262_144n;
/** The kernel refuses a quota below 1 ms. */
const MIN_QUOTA_MICROS = 1000n;

/** No field of the runtime's holds more; quantities may be of any size, and sums of them larger still. */
const MAX_AMOUNT = 2n ** 63n - 1n;

const atMost = (amount: bigint): bigint => (amount > MAX_AMOUNT ? MAX_AMOUNT : amount);

const ZERO = parseQuantity("0");

/** cgroup v1 CPU shares for thousandths of a CPU, within the kernel's bounds. */
export const milliCpuToShares = (milliCpu: bigint): bigint => {
  const shares = (milliCpu * 1024n) / 1000n;
  return shares < MIN_SHARES ? MIN_SHARES : shares > MAX_SHARES ? MAX_SHARES : shares;
};

/** CFS quota in microseconds for thousandths of a CPU; 0 (no quota) for 0. */
export const milliCpuToQuota = (milliCpu: bigint, periodMicros: bigint): bigint => {
  if (milliCpu === 0n) return 0n;
  const quota = (milliCpu * periodMicros) / 1000n;
  return quota < MIN_QUOTA_MICROS ? MIN_QUOTA_MICROS : atMost(quota);
};

/** The part of the node that turns amounts into cgroup values. */
export type CpuFacts = Pick<NodeFacts, "cgroupVersion" | "cpuCfsQuota" | "cpuCfsQuotaPeriodMicros" | "singleProcessOomKill">;

interface Amounts {
  /** Absent when not stated: the limit then counts, as the API server would have defaulted it. */
  readonly cpuRequest?: Quantity | undefined;
  readonly cpuLimit: Quantity;
  readonly memoryLimit: Quantity;
}

/** The cgroup values of some amounts, without those that only a container has. */
const linuxResources = (amounts: Amounts, node: CpuFacts): LinuxContainerResources =>
  LinuxContainerResources.create({
    cpuShares: milliCpuToShares(quantityMilliValue(amounts.cpuRequest ?? amounts.cpuLimit)),
    memoryLimitInBytes: atMost(quantityValue(amounts.memoryLimit)),
    ...(node.cpuCfsQuota && {
      cpuPeriod: node.cpuCfsQuotaPeriodMicros,
      cpuQuota: milliCpuToQuota(quantityMilliValue(amounts.cpuLimit), node.cpuCfsQuotaPeriodMicros),
    }),
    ...(node.cgroupVersion === 2 && !node.singleProcessOomKill && { unified: { "memory.oom.group": "1" } }),
  });

const withoutOverhead = (pod: Pod): Pod => {
  const { overhead: _overhead, ...spec } = pod.spec ?? { containers: [] };
  return { ...pod, spec };
};

/** The sum of the pod's containers, as the sandbox is told; the overhead is told apart. */
export const computeSandboxResources = (pod: Pod, node: CpuFacts): LinuxContainerResources => {
  const requests = computePodRequests(withoutOverhead(pod));
  const limits = computePodLimits(withoutOverhead(pod));
  const amounts = { cpuRequest: requests["cpu"], cpuLimit: limits["cpu"] ?? ZERO, memoryLimit: limits["memory"] ?? ZERO };
  return linuxResources(amounts, node);
};

/** The pod's overhead, which is request and limit at once; all zero when it has none. */
export const computeOverheadResources = (pod: Pod, node: CpuFacts): LinuxContainerResources => {
  const overhead = pod.spec?.overhead;
  if (overhead === undefined) return LinuxContainerResources.create();
  const cpu = parseQuantity(overhead["cpu"] ?? "0");
  return linuxResources({ cpuRequest: cpu, cpuLimit: cpu, memoryLimit: parseQuantity(overhead["memory"] ?? "0") }, node);
};

/** The container's limit, else the pod's as a whole. */
const limitOf = (pod: Pod, container: Container, resource: "cpu" | "memory"): Quantity => {
  const own = parseQuantity(container.resources?.limits?.[resource] ?? "0");
  if (own.nanos !== 0n || !hasPodLevelResources(pod)) return own;
  return parseQuantity(pod.spec?.resources?.limits?.[resource] ?? "0");
};

const mayUseSwap = (pod: Pod, container: Container, node: NodeFacts): boolean => {
  if (node.swapBehavior !== "LimitedSwap" || node.cgroupVersion !== 2) return false;
  const { requests, limits } = container.resources ?? {};
  const request = parseQuantity(requests?.["memory"] ?? "0").nanos;
  const limit = parseQuantity(limits?.["memory"] ?? "0").nanos;
  return computeQosClass(pod) === "Burstable" && !isCriticalPod(pod) && request !== limit;
};

/** Swap in proportion to the memory that the container asked for (KEP-2400); 0 when it may use none. */
const computeSwapBytes = (pod: Pod, container: Container, node: NodeFacts): bigint => {
  if (!mayUseSwap(pod, container, node)) return 0n;
  const requestBytes = quantityValue(parseQuantity(container.resources?.requests?.["memory"] ?? "0"));
  // The reference computes with doubles, and rounding must not differ from it.
  return BigInt(Math.trunc((Number(requestBytes) / Number(node.memoryCapacityBytes)) * Number(node.swapCapacityBytes)));
};

const swapFields = (resources: LinuxContainerResources, swapBytes: bigint, node: NodeFacts): Partial<LinuxContainerResources> => {
  if (!node.swapControllerAvailable) return {};
  // On v1 the value limits memory and swap together, so the memory limit itself means no swap.
  if (node.cgroupVersion === 1) return { memorySwapLimitInBytes: resources.memoryLimitInBytes };
  return { unified: { ...resources.unified, "memory.swap.max": `${swapBytes}` } };
};

/** What one container's cgroup is set up from. */
export interface ContainerResourcesInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly node: NodeFacts;
  /** Whether the CPU manager gave the container CPUs of its own: a quota would only throttle it. Default false. */
  readonly hasExclusiveCpus?: boolean;
}

/** CPU, memory, swap, huge pages and OOM score of a container (kuberuntime_container_linux.go, kubelet-facts 10). */
export const computeContainerResources = (input: ContainerResourcesInput): LinuxContainerResources => {
  const { pod, container, node } = input;
  const cpuRequest = container.resources?.requests?.["cpu"];
  const amounts = {
    cpuRequest: cpuRequest === undefined ? undefined : parseQuantity(cpuRequest),
    cpuLimit: limitOf(pod, container, "cpu"),
    memoryLimit: limitOf(pod, container, "memory"),
  };
  const resources = linuxResources(amounts, node);
  return {
    ...resources,
    ...(node.cpuCfsQuota && input.hasExclusiveCpus === true && { cpuQuota: -1n }),
    oomScoreAdj: computeOomScoreAdj(pod, container, node.memoryCapacityBytes),
    hugepageLimits: computeHugepageLimits(pod, container, node.hugePageSizesBytes),
    ...swapFields(resources, computeSwapBytes(pod, container, node), node),
  };
};
