import type { CgroupStats, DeviceIo, InterfaceCounts } from "./model.ts";

/** Use per second between two samples. What cannot be told is absent. */
export interface Rates {
  /** The time between the samples. */
  readonly intervalMs: number;
  /** Nanoseconds of CPU time per second: 1e9 is one core. */
  readonly cpuNanoCores?: number;
  /** Share of the quota's periods in which it was used up, 0 to 1; absent without a quota. */
  readonly throttledShare?: number;
  readonly readBytesPerSecond?: number;
  readonly writeBytesPerSecond?: number;
  readonly rxBytesPerSecond?: number;
  readonly txBytesPerSecond?: number;
}

/** The growth of a counter; undefined when it went backwards, which means that it began anew. */
const growth = (previous: bigint | undefined, current: bigint | undefined): number | undefined =>
  previous === undefined || current === undefined || current < previous ? undefined : Number(current - previous);

const sumDevices = (devices: readonly DeviceIo[] | undefined, kind: "read" | "write"): bigint | undefined =>
  devices?.reduce((sum, { bytes }) => sum + bytes[kind], 0n);

const sumInterfaces = (interfaces: readonly InterfaceCounts[] | undefined, key: "rxBytes" | "txBytes"): bigint | undefined =>
  interfaces?.reduce((sum, one) => sum + one[key], 0n);

const computeThrottledShare = (previous: CgroupStats, current: CgroupStats): number | undefined => {
  if (previous.cpu === undefined || current.cpu === undefined) return undefined;
  const periods = current.cpu.periods - previous.cpu.periods;
  const throttled = current.cpu.throttledPeriods - previous.cpu.throttledPeriods;
  return periods <= 0 || throttled < 0 ? undefined : Math.min(1, throttled / periods);
};

/**
 * Rates of one cgroup from two samples of it. Undefined when the samples are of different cgroups or not in this order; a counter that
 * went backwards has no rate, nor has one that was not there.
 */
export const computeRates = (previous: CgroupStats, current: CgroupStats): Rates | undefined => {
  const intervalMs = current.monotonicMs - previous.monotonicMs;
  if (previous.path !== current.path || intervalMs <= 0) return undefined;
  const perSecond = (key: keyof Rates, amount: number | undefined): object =>
    amount === undefined ? {} : { [key]: (amount * 1000) / intervalMs };
  const throttledShare = computeThrottledShare(previous, current);
  const { io: ioBefore, network: networkBefore } = previous;
  const { io, network } = current;
  return {
    intervalMs,
    ...perSecond("cpuNanoCores", growth(previous.cpu?.usageNanos, current.cpu?.usageNanos)),
    ...(throttledShare === undefined ? {} : { throttledShare }),
    ...perSecond("readBytesPerSecond", growth(sumDevices(ioBefore?.devices, "read"), sumDevices(io?.devices, "read"))),
    ...perSecond("writeBytesPerSecond", growth(sumDevices(ioBefore?.devices, "write"), sumDevices(io?.devices, "write"))),
    ...perSecond(
      "rxBytesPerSecond",
      growth(sumInterfaces(networkBefore?.interfaces, "rxBytes"), sumInterfaces(network?.interfaces, "rxBytes")),
    ),
    ...perSecond(
      "txBytesPerSecond",
      growth(sumInterfaces(networkBefore?.interfaces, "txBytes"), sumInterfaces(network?.interfaces, "txBytes")),
    ),
  };
};
