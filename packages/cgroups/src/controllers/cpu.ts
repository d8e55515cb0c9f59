import type { CgroupResources, Controller, FileWrite } from "../resources.ts";
import { formatLimit, parseLimit, parseNumber, setting } from "../resources.ts";

/** The kernel's own period, which `cpu.max` needs beside a quota. */
const DEFAULT_PERIOD_MICROS = 100_000;

/**
 * v1 shares (2 to 262144, 1024 by default) as a v2 weight (1 to 10000, 100 by default): a curve through the least, the greatest and the
 * default of both (opencontainers/cgroups, ConvertCPUSharesToCgroupV2Value).
 */
export const computeCpuWeight = (shares: number): number => {
  if (shares <= 2) return 1;
  if (shares >= 262_144) return 10_000;
  const log = Math.log2(shares);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
};

/** A weight as shares, by the straight line that the kubelet uses for reading (KEP-2254). Not the inverse of the curve above. */
export const computeCpuShares = (weight: number): number => 2 + Math.floor(((weight - 1) * 262_142) / 9999);

const computeV1 = ({ cpuShares, cpuQuotaMicros, cpuPeriodMicros }: CgroupResources): readonly FileWrite[] => [
  ...(cpuShares === undefined ? [] : [{ file: "cpu.shares", value: String(Math.max(2, cpuShares)) }]),
  ...(cpuPeriodMicros === undefined ? [] : [{ file: "cpu.cfs_period_us", value: String(cpuPeriodMicros) }]),
  ...(cpuQuotaMicros === undefined ? [] : [{ file: "cpu.cfs_quota_us", value: formatLimit(cpuQuotaMicros, "-1") }]),
];

const computeV2 = (resources: CgroupResources, currentMax: string | undefined): readonly FileWrite[] => {
  const { cpuShares, cpuQuotaMicros, cpuPeriodMicros } = resources;
  const [quotaNow = "max", periodNow = String(DEFAULT_PERIOD_MICROS)] = (currentMax ?? "").trim().split(" ").filter(Boolean);
  const quota = cpuQuotaMicros === undefined ? quotaNow : formatLimit(cpuQuotaMicros);
  const isBandwidth = cpuQuotaMicros !== undefined || cpuPeriodMicros !== undefined;
  return [
    ...(cpuShares === undefined ? [] : [{ file: "cpu.weight", value: String(computeCpuWeight(cpuShares)) }]),
    ...(isBandwidth ? [{ file: "cpu.max", value: `${quota} ${cpuPeriodMicros ?? periodNow}` }] : []),
  ];
};

/** Shares and quota of the CPU. */
export const CPU: Controller = {
  name: "cpu",
  settings: ["cpuShares", "cpuQuotaMicros", "cpuPeriodMicros"],
  files: { 1: ["cpu.shares", "cpu.cfs_quota_us", "cpu.cfs_period_us"], 2: ["cpu.weight", "cpu.max"] },
  computeWrites: (version, resources, read) => (version === 1 ? computeV1(resources) : computeV2(resources, read("cpu.max"))),
  parse: (version, read) => {
    if (version === 1)
      return {
        ...setting("cpuShares", parseNumber(read("cpu.shares"))),
        ...setting("cpuQuotaMicros", parseLimit(read("cpu.cfs_quota_us"))),
        ...setting("cpuPeriodMicros", parseNumber(read("cpu.cfs_period_us"))),
      };
    const weight = parseNumber(read("cpu.weight"));
    const [quota, period] = (read("cpu.max") ?? "").trim().split(" ");
    return {
      ...setting("cpuShares", weight === undefined ? undefined : computeCpuShares(weight)),
      ...setting("cpuQuotaMicros", parseLimit(quota)),
      ...setting("cpuPeriodMicros", parseNumber(period)),
    };
  },
};
