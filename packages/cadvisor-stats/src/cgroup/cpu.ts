import type { CpuUsage } from "../model.ts";
import { parseBigCount, parseBigKeyed, parseKeyed } from "../parse.ts";
import { parsePressure } from "./pressure.ts";
import type { CgroupSource } from "./source.ts";

/** cpuacct.stat counts in ticks of USER_HZ, which is 100 on every architecture of Linux that Node runs on. */
const NANOS_PER_TICK = 10_000_000n;

const NANOS_PER_MICRO = 1000n;

const readV1 = (source: CgroupSource): CpuUsage | undefined => {
  const usageNanos = parseBigCount(source.read("cpuacct", "cpuacct.usage"));
  if (usageNanos === undefined) return undefined;
  const times = source.read("cpuacct", "cpuacct.stat");
  const throttling = source.read("cpu", "cpu.stat");
  const pressure = parsePressure(source.readUnified("cpu.pressure"));
  return {
    usageNanos,
    userNanos: (parseBigKeyed(times, "user") ?? 0n) * NANOS_PER_TICK,
    systemNanos: (parseBigKeyed(times, "system") ?? 0n) * NANOS_PER_TICK,
    periods: parseKeyed(throttling, "nr_periods") ?? 0,
    throttledPeriods: parseKeyed(throttling, "nr_throttled") ?? 0,
    throttledNanos: parseBigKeyed(throttling, "throttled_time") ?? 0n,
    burstPeriods: parseKeyed(throttling, "nr_bursts") ?? 0,
    burstNanos: parseBigKeyed(throttling, "burst_time") ?? 0n,
    ...(pressure === undefined ? {} : { pressure }),
  };
};

const readV2 = (source: CgroupSource): CpuUsage | undefined => {
  const text = source.readUnified("cpu.stat");
  const usageMicros = parseBigKeyed(text, "usage_usec");
  if (usageMicros === undefined) return undefined;
  const nanos = (key: string): bigint => (parseBigKeyed(text, key) ?? 0n) * NANOS_PER_MICRO;
  const pressure = parsePressure(source.readUnified("cpu.pressure"));
  return {
    usageNanos: usageMicros * NANOS_PER_MICRO,
    userNanos: nanos("user_usec"),
    systemNanos: nanos("system_usec"),
    periods: parseKeyed(text, "nr_periods") ?? 0,
    throttledPeriods: parseKeyed(text, "nr_throttled") ?? 0,
    throttledNanos: nanos("throttled_usec"),
    burstPeriods: parseKeyed(text, "nr_bursts") ?? 0,
    burstNanos: nanos("burst_usec"),
    ...(pressure === undefined ? {} : { pressure }),
  };
};

/** CPU time of a cgroup; undefined when it is gone or has no such controller. */
export const readCpu = (source: CgroupSource): CpuUsage | undefined => (source.version === 1 ? readV1(source) : readV2(source));
