import type { FilesystemSpace } from "../filesystems.ts";
import type { CgroupStats, InterfaceCounts, Pressure, PressureLine } from "../model.ts";
import type { Rates } from "../rates.ts";
import type {
  SummaryCpu,
  SummaryFs,
  SummaryInterface,
  SummaryIo,
  SummaryMemory,
  SummaryNetwork,
  SummaryPressure,
  SummarySwap,
} from "./model.ts";

/** The interface whose counters stand for the whole network of a pod (reference: stats/helper.go). */
const DEFAULT_INTERFACE = "eth0";

/** RFC 3339 in whole seconds. */
export const formatTime = (timeMs: number): string => `${new Date(timeMs).toISOString().slice(0, 19)}Z`;

const pressureLine = (line: PressureLine | undefined): SummaryPressure["full"] => ({
  total: line?.totalMicros ?? 0,
  avg10: line?.avg10 ?? 0,
  avg60: line?.avg60 ?? 0,
  avg300: line?.avg300 ?? 0,
});

/** How pressure is told where the kernel tells none: `zero` for what the reference reads itself, `absent` for what its runtime reports. */
export type MissingPressure = "zero" | "absent";

const pressureOf = (pressure: Pressure | undefined, missing: MissingPressure): { readonly psi?: SummaryPressure } =>
  pressure === undefined && missing === "absent" ? {} : { psi: { full: pressureLine(pressure?.full), some: pressureLine(pressure?.some) } };

/** CPU in the Summary's shape; undefined when the cgroup has no such controller. */
export const toSummaryCpu = (stats: CgroupStats, rates: Rates | undefined, missing: MissingPressure): SummaryCpu | undefined =>
  stats.cpu && {
    time: formatTime(stats.timeMs),
    usageNanoCores: Math.round(rates?.cpuNanoCores ?? 0),
    usageCoreNanoSeconds: stats.cpu.usageNanos,
    ...pressureOf(stats.cpu.pressure, missing),
  };

/** What is left up to a limit, never below zero: usage may pass it for a moment. */
const available = (limit: number | undefined, used: number): number | undefined =>
  limit === undefined ? undefined : Math.max(0, limit - used);

/** Memory in the Summary's shape. */
export const toSummaryMemory = ({ memory, limits, timeMs }: CgroupStats, missing: MissingPressure): SummaryMemory | undefined => {
  if (memory === undefined) return undefined;
  const availableBytes = available(limits.memoryBytes, memory.workingSetBytes);
  return {
    time: formatTime(timeMs),
    ...(availableBytes === undefined ? {} : { availableBytes }),
    usageBytes: memory.usageBytes,
    workingSetBytes: memory.workingSetBytes,
    rssBytes: memory.rssBytes,
    pageFaults: memory.pageFaults,
    majorPageFaults: memory.majorPageFaults,
    ...pressureOf(memory.pressure, missing),
  };
};

/** Disk pressure in the Summary's shape: it knows no bytes. */
export const toSummaryIo = ({ io, timeMs }: CgroupStats, missing: MissingPressure): SummaryIo | undefined =>
  io && { time: formatTime(timeMs), ...pressureOf(io.pressure, missing) };

/** Swap in the Summary's shape. */
export const toSummarySwap = ({ memory, limits, timeMs }: CgroupStats): SummarySwap | undefined => {
  if (memory === undefined) return undefined;
  const swapAvailableBytes = available(limits.swapBytes, memory.swapBytes);
  return {
    time: formatTime(timeMs),
    ...(swapAvailableBytes === undefined ? {} : { swapAvailableBytes }),
    swapUsageBytes: memory.swapBytes,
  };
};

const toInterface = ({ name, rxBytes, rxErrors, txBytes, txErrors }: InterfaceCounts): SummaryInterface => ({
  name,
  rxBytes,
  rxErrors,
  txBytes,
  txErrors,
});

/** A network in the Summary's shape; undefined when it was not read. */
export const toSummaryNetwork = ({ network, timeMs }: CgroupStats): SummaryNetwork | undefined => {
  if (network === undefined) return undefined;
  const interfaces = network.interfaces.map(toInterface);
  return { time: formatTime(timeMs), ...interfaces.find(({ name }) => name === DEFAULT_INTERFACE), interfaces };
};

/** Space of a filesystem in the Summary's shape; `used` where a part of it is meant, such as the images. */
export const toSummaryFs = (
  space: FilesystemSpace,
  timeMs: number,
  used?: { readonly usedBytes: number; readonly inodesUsed: number },
): SummaryFs => {
  const { capacityBytes, freeBytes, availableBytes, inodes, inodesFree } = space;
  return {
    time: formatTime(timeMs),
    availableBytes,
    capacityBytes,
    usedBytes: used?.usedBytes ?? capacityBytes - freeBytes,
    ...(inodes === undefined || inodesFree === undefined
      ? {}
      : { inodesFree, inodes, inodesUsed: used?.inodesUsed ?? inodes - inodesFree }),
  };
};
