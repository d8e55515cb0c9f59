import { addQuantities, computePodRequests, quantityOf } from "@nk/pod-model";
import type { Pod, PodSpec, Quantity } from "@nk/pod-model";
import type { DiskShare } from "./filesystem-layout.ts";
import { amountOf } from "./observations.ts";
import type { FsStats, PodStats } from "./summary.ts";
import type { StarvedResource } from "./signals.ts";

/** What is known of the pods' use, by UID. */
export type StatsByUid = ReadonlyMap<string, PodStats>;

/** Indexes the pods of a summary. */
export const indexStats = (pods: readonly PodStats[] | null | undefined): StatsByUid =>
  new Map((pods ?? []).map((stats) => [stats.podRef.uid, stats]));

const ZERO: Quantity = { nanos: 0n, format: "BinarySI" };

const withoutOverhead = (pod: Pod): Pod => {
  if (pod.spec === undefined) return pod;
  const { overhead: _, ...spec }: PodSpec = pod.spec;
  return { ...pod, spec };
};

/**
 * What the pod asked for of a resource; the overhead counts only where the pod asks for something (GetResourceRequestQuantity in the
 * reference). A pod whose amounts cannot be read has asked for nothing: it must not keep the node from helping itself.
 */
export const requestOf = (pod: Pod, resource: StarvedResource): Quantity => {
  if (resource !== "memory" && resource !== "ephemeral-storage") return ZERO;
  try {
    const request = computePodRequests(withoutOverhead(pod))[resource] ?? ZERO;
    return request.nanos === 0n ? ZERO : (computePodRequests(pod)[resource] ?? request);
  } catch {
    return ZERO;
  }
};

/** The volumes of the pod that lie on the node's disk; one in memory counts as memory. */
const localVolumeNames = (pod: Pod): readonly string[] =>
  (pod.spec?.volumes ?? [])
    .filter(
      ({ hostPath, gitRepo, emptyDir, configMap }) =>
        hostPath !== undefined ||
        gitRepo !== undefined ||
        configMap !== undefined ||
        (emptyDir !== undefined && (emptyDir.medium ?? "") === ""),
    )
    .map(({ name }) => name);

const measuredFileSystems = (pod: Pod, stats: PodStats, shares: readonly DiskShare[]): readonly (FsStats | null | undefined)[] => {
  const containers = stats.containers ?? [];
  const names = shares.includes("volumes") ? localVolumeNames(pod) : [];
  return [
    ...(shares.includes("rootfs") ? containers.map(({ rootfs }) => rootfs) : []),
    ...(shares.includes("logs") ? containers.map(({ logs }) => logs) : []),
    ...names.map((name) => (stats.volume ?? []).find((volume) => volume.name === name)),
  ];
};

/** What the pod uses of the resource, counted over the shares for disks. */
export const usageOf = (
  pod: Pod,
  stats: PodStats,
  measured: { readonly resource: StarvedResource; readonly shares: readonly DiskShare[] },
): Quantity => {
  const { resource, shares } = measured;
  const total = (field: "usedBytes" | "inodesUsed"): bigint =>
    measuredFileSystems(pod, stats, shares).reduce((sum, fs) => sum + (amountOf(fs?.[field]) ?? 0n), 0n);
  switch (resource) {
    case "memory":
      return quantityOf(amountOf(stats.memory?.workingSetBytes) ?? 0n, "BinarySI");
    case "ephemeral-storage":
      return quantityOf(total("usedBytes"), "BinarySI");
    case "inodes":
      return quantityOf(total("inodesUsed"), "DecimalSI");
    case "pids":
      return quantityOf(amountOf(stats.process_stats?.process_count) ?? 0n, "DecimalSI");
  }
};

/** Bytes used on a file system; none when it is not stated. */
export const usedBytes = (fs: FsStats | null | undefined): Quantity => quantityOf(amountOf(fs?.usedBytes) ?? 0n, "BinarySI");

/** Sum of the bytes used on both. */
export const addUsedBytes = (a: FsStats | null | undefined, b: FsStats | null | undefined): Quantity =>
  addQuantities(usedBytes(a), usedBytes(b));
