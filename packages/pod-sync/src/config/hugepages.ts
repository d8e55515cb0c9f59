import type { HugepageLimit } from "@nk/cri-api";
import { hasPodLevelResources, parseQuantity, quantityValue } from "@nk/pod-model";
import type { Container, Pod } from "@nk/pod-model";

const PREFIX = "hugepages-";
const UNITS = ["B", "KB", "MB", "GB", "TB", "PB"] as const;

/** `2MB` for 2097152: how cgroups name a page size. */
export const formatHugePageSize = (sizeBytes: bigint): string => {
  let [size, unit] = [sizeBytes, 0];
  while (size >= 1024n && unit < UNITS.length - 1) {
    size /= 1024n;
    unit += 1;
  }
  return `${size}${UNITS[unit] ?? ""}`;
};

/** A limit for each page size of the node, zero where the container states none and the pod as a whole does not either. */
export const computeHugepageLimits = (pod: Pod, container: Container, pageSizesBytes: readonly bigint[]): readonly HugepageLimit[] => {
  const podLimits = hasPodLevelResources(pod) ? pod.spec?.resources?.limits : undefined;
  const limits = new Map<string, bigint>();
  for (const [resource, amount] of Object.entries({ ...podLimits, ...container.resources?.limits })) {
    if (!resource.startsWith(PREFIX)) continue;
    const size = quantityValue(parseQuantity(resource.slice(PREFIX.length)));
    const limit = quantityValue(parseQuantity(amount));
    // CRI's field is unsigned. Less than nothing is what only a pod can state that was never validated.
    limits.set(formatHugePageSize(size), limit < 0n ? 0n : limit);
  }
  return pageSizesBytes.map(formatHugePageSize).map((pageSize) => ({ pageSize, limit: limits.get(pageSize) ?? 0n }));
};
