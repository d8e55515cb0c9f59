import { computeCpuWeight } from "../controllers/cpu.ts";
import type { CgroupResources, Limit } from "../resources.ts";
import type { Variant } from "./wire.ts";

/** A property of a unit, as systemd.resource-control(5) names it. */
export type UnitProperty = readonly [name: string, value: Variant];

/** No limit, which systemd calls infinity. */
const INFINITY = 2n ** 64n - 1n;

const u64 = (limit: Limit): Variant => ({ signature: "t", value: limit === "max" ? INFINITY : BigInt(limit) });

const MICROS_PER_SECOND = 1_000_000n;

/** systemd keeps quotas as whole percents: what is between is rounded up, else the cgroups below could not have their share (runc: addCPUQuota). */
const QUOTA_STEP_MICROS = 10_000n;

const quotaPerSecond = (quota: Limit, periodMicros: number): Variant => {
  if (quota === "max") return u64("max");
  const perSecond = (BigInt(quota) * MICROS_PER_SECOND) / BigInt(periodMicros);
  return { signature: "t", value: ((perSecond + QUOTA_STEP_MICROS - 1n) / QUOTA_STEP_MICROS) * QUOTA_STEP_MICROS };
};

const DEFAULT_PERIOD_MICROS = 100_000;

const cpuProperties = (version: 1 | 2, resources: CgroupResources): readonly UnitProperty[] => {
  const { cpuShares, cpuQuotaMicros, cpuPeriodMicros } = resources;
  const shares: UnitProperty | undefined =
    cpuShares === undefined
      ? undefined
      : version === 1
        ? ["CPUShares", u64(Math.max(2, cpuShares))]
        : ["CPUWeight", u64(computeCpuWeight(cpuShares))];
  return [
    ...(shares === undefined ? [] : [shares]),
    ...(cpuPeriodMicros === undefined ? [] : [["CPUQuotaPeriodUSec", u64(cpuPeriodMicros)] as const]),
    ...(cpuQuotaMicros === undefined
      ? []
      : [["CPUQuotaPerSecUSec", quotaPerSecond(cpuQuotaMicros, cpuPeriodMicros ?? DEFAULT_PERIOD_MICROS)] as const]),
  ];
};

/** Bits of a list such as `0-3,8`, the lowest first, in as few bytes as will do. */
const toBits = (list: string): readonly number[] => {
  const bytes: number[] = [];
  for (const part of list.split(",")) {
    const [first = 0, last = first] = part.split("-").map(Number);
    for (let bit = first; bit <= Math.min(last, 8191); bit += 1) {
      while (bytes.length <= bit >> 3) bytes.push(0);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
  }
  return bytes;
};

/** Properties that exist under v2 only, with the setting each comes from. */
const V2_LIMITS: readonly (readonly [property: string, name: "memoryMinBytes" | "memoryLowBytes" | "memoryHighBytes" | "swapBytes"])[] = [
  ["MemoryMin", "memoryMinBytes"],
  ["MemoryLow", "memoryLowBytes"],
  ["MemoryHigh", "memoryHighBytes"],
  ["MemorySwapMax", "swapBytes"],
];

const SETS: readonly (readonly [property: string, name: "cpus" | "memoryNodes"])[] = [
  ["AllowedCPUs", "cpus"],
  ["AllowedMemoryNodes", "memoryNodes"],
];

const v2Properties = (resources: CgroupResources): readonly UnitProperty[] => [
  ...V2_LIMITS.flatMap(([property, name]): readonly UnitProperty[] => {
    const limit = resources[name];
    return limit === undefined ? [] : [[property, u64(limit)]];
  }),
  ...SETS.flatMap(([property, name]): readonly UnitProperty[] => {
    const list = resources[name];
    return list === undefined ? [] : [[property, { signature: "ay", value: toBits(list) }]];
  }),
];

/**
 * Settings as properties of a unit, those that systemd knows (runc: systemd/v1.go, v2.go). The others are written to the cgroup itself,
 * where systemd leaves them alone.
 */
export const computeUnitProperties = (version: 1 | 2, resources: CgroupResources): readonly UnitProperty[] => {
  const { memoryBytes, tasks, ioWeight } = resources;
  return [
    ...cpuProperties(version, resources),
    ...(memoryBytes === undefined ? [] : [[version === 1 ? "MemoryLimit" : "MemoryMax", u64(memoryBytes)] as const]),
    // systemd takes no zero.
    ...(tasks === undefined ? [] : [["TasksMax", u64(tasks === 0 ? 1 : tasks)] as const]),
    ...(ioWeight === undefined || version === 1 ? [] : [["IOWeight", u64(ioWeight)] as const]),
    ...(version === 2 ? v2Properties(resources) : []),
  ];
};

const flag = (name: string): UnitProperty => [name, { signature: "b", value: true }];

/**
 * What a new slice has: its parent is wanted, so that it exists; every controller counts in it from the start, because the kernel
 * charges only what is used after (runc: systemd Apply).
 */
export const computeSliceProperties = (version: 1 | 2, slice: string): readonly UnitProperty[] => {
  const dash = slice.lastIndexOf("-");
  const parent = dash > 0 ? `${slice.slice(0, dash)}.slice` : undefined;
  return [
    ["Description", { signature: "s", value: `cgroup ${slice}` }],
    ...(parent === undefined ? [] : [["Wants", { signature: "as", value: [parent] }] as const]),
    ...["CPUAccounting", "MemoryAccounting", version === 1 ? "BlockIOAccounting" : "IOAccounting", "TasksAccounting"].map(flag),
    // It is not to be stopped with the rest at shutdown before those in it.
    ["DefaultDependencies", { signature: "b", value: false }],
  ];
};
