import { describe, expect, it } from "vitest";
import type { CgroupStats, CpuUsage } from "./model.ts";
import { computeRates } from "./rates.ts";

const cpu = (usageNanos: bigint, more: Partial<CpuUsage> = {}): CpuUsage => ({
  usageNanos,
  userNanos: 0n,
  systemNanos: 0n,
  periods: 0,
  throttledPeriods: 0,
  throttledNanos: 0n,
  burstPeriods: 0,
  burstNanos: 0n,
  ...more,
});

const at = (monotonicMs: number, more: Partial<CgroupStats> = {}): CgroupStats => ({
  path: "/a",
  timeMs: 0,
  monotonicMs,
  limits: {},
  ...more,
});

const device = (read: bigint, write: bigint) => ({
  devices: [{ major: 8, minor: 0, device: "/dev/sda", bytes: { read, write }, operations: { read: 0n, write: 0n } }],
});

describe("rates", () => {
  it("are per second", () => {
    const before = at(1000, { cpu: cpu(2n ** 60n, { periods: 10, throttledPeriods: 1 }), io: device(0n, 100n) });
    const after = at(3000, { cpu: cpu(2n ** 60n + 1_000_000_000n, { periods: 30, throttledPeriods: 6 }), io: device(4096n, 100n) });
    expect(computeRates(before, after)).toEqual({
      intervalMs: 2000,
      cpuNanoCores: 500_000_000,
      throttledShare: 0.25,
      readBytesPerSecond: 2048,
      writeBytesPerSecond: 0,
    });
  });

  it("are not made of counters that went backwards, or that are in one sample only", () => {
    const before = at(1000, { cpu: cpu(10n, { periods: 10, throttledPeriods: 9 }), io: device(10n, 10n) });
    const after = at(2000, { cpu: cpu(5n, { periods: 2, throttledPeriods: 1 }), io: device(9n, 20n) });
    expect(computeRates(before, after)).toEqual({ intervalMs: 1000, writeBytesPerSecond: 10 });
    expect(computeRates(at(0), after)).toEqual({ intervalMs: 2000 });
  });

  it("need two samples of one cgroup in their order", () => {
    expect(computeRates(at(1000), at(1000))).toBeUndefined();
    expect(computeRates(at(2000), at(1000))).toBeUndefined();
    expect(computeRates(at(1000, { path: "/b" }), at(2000))).toBeUndefined();
  });
});
