import {
  computePodRequests,
  computeQosClass,
  hasPodLevelResources,
  isCriticalPod,
  isSidecar,
  listContainers,
  parseQuantity,
  quantityValue,
} from "@nk/pod-model";
import type { Container, Pod } from "@nk/pod-model";

const GUARANTEED = -997n;
const BEST_EFFORT = 1000n;

const memoryRequestBytes = (container: Container): bigint => quantityValue(parseQuantity(container.resources?.requests?.["memory"] ?? "0"));

const minBigint = (values: readonly bigint[]): bigint => values.reduce((min, value) => (value < min ? value : min));

/** What the pod asks for as a whole beyond what its containers ask for, shared out equally. */
const unclaimedBytesPerContainer = (pod: Pod): bigint => {
  const podRequest = pod.spec?.resources?.requests?.["memory"];
  if (!hasPodLevelResources(pod) || podRequest === undefined) return 0n;
  const { overhead: _overhead, resources: _resources, ...spec } = pod.spec ?? { containers: [] };
  const claimed = computePodRequests({ ...pod, spec })["memory"];
  const unclaimed = quantityValue(parseQuantity(podRequest)) - (claimed === undefined ? 0n : quantityValue(claimed));
  return unclaimed > 0n ? unclaimed / BigInt(listContainers(pod).length) : 0n;
};

/**
 * How soon the kernel kills a container when memory runs out: from -997 (guaranteed and node-critical) to 1000 (best effort); burstable
 * containers the later, the more memory they asked for (pkg/kubelet/qos/policy.go). A sidecar is never killed before the app container
 * that asked for least.
 */
export const computeOomScoreAdj = (pod: Pod, container: Container, memoryCapacityBytes: bigint): bigint => {
  const isNodeCritical = isCriticalPod(pod) && pod.spec?.priorityClassName === "system-node-critical";
  const qosClass = computeQosClass(pod);
  if (isNodeCritical || qosClass === "Guaranteed") return GUARANTEED;
  if (qosClass === "BestEffort") return BEST_EFFORT;
  const extra = unclaimedBytesPerContainer(pod);
  const scoreFor = (requestBytes: bigint): bigint => 1000n - (1000n * (requestBytes + extra)) / memoryCapacityBytes;
  let score = scoreFor(memoryRequestBytes(container));
  const isOwnSidecar = (pod.spec?.initContainers ?? []).some((init) => init.name === container.name && isSidecar(init));
  if (isOwnSidecar) score = minBigint([score, scoreFor(minBigint((pod.spec?.containers ?? []).map(memoryRequestBytes)))]);
  // Burstable stays above guaranteed and below best effort.
  if (score < 1000n + GUARANTEED) return 1000n + GUARANTEED;
  return score >= BEST_EFFORT ? BEST_EFFORT - 1n : score;
};
