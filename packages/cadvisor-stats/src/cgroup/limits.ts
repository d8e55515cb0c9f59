import type { CgroupLimits } from "../model.ts";
import { parseCount, parseLimit, splitWords } from "../parse.ts";
import type { CgroupSource } from "./source.ts";

/** A v2 weight of 1 to 10000 as v1's shares (KEP-2254). */
const sharesOfWeight = (weight: number | undefined): number | undefined =>
  weight === undefined || weight < 1 || weight > 10_000 ? undefined : 2 + Math.floor(((weight - 1) * 262_142) / 9999);

/** Drops what is undefined, so that an absent limit is an absent property. */
const present = (limits: { readonly [key in keyof CgroupLimits]: CgroupLimits[key] | undefined }): CgroupLimits =>
  Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined)) as CgroupLimits;

const readV1 = (source: CgroupSource): CgroupLimits =>
  present({
    cpuShares: parseCount(source.read("cpu", "cpu.shares")),
    cpuPeriodMicros: parseCount(source.read("cpu", "cpu.cfs_period_us")),
    cpuQuotaMicros: parseCount(source.read("cpu", "cpu.cfs_quota_us")),
    memoryBytes: parseLimit(source.read("memory", "memory.limit_in_bytes")),
    swapBytes: parseLimit(source.read("memory", "memory.memsw.limit_in_bytes")),
    memoryReservationBytes: parseLimit(source.read("memory", "memory.soft_limit_in_bytes")),
    tasks: parseLimit(source.read("pids", "pids.max")),
  });

const readV2 = (source: CgroupSource): CgroupLimits => {
  const [quota, period] = splitWords(source.readUnified("cpu.max") ?? "");
  return present({
    cpuShares: sharesOfWeight(parseCount(source.readUnified("cpu.weight"))),
    cpuPeriodMicros: parseCount(period),
    cpuQuotaMicros: parseCount(quota),
    memoryBytes: parseLimit(source.readUnified("memory.max")),
    swapBytes: parseLimit(source.readUnified("memory.swap.max")),
    memoryReservationBytes: parseLimit(source.readUnified("memory.min")),
    tasks: parseLimit(source.readUnified("pids.max")),
  });
};

/** What a cgroup may use. */
export const readLimits = (source: CgroupSource): CgroupLimits => (source.version === 1 ? readV1(source) : readV2(source));
