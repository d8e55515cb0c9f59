import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promptFiles } from "@nk/stdx";
import { errnoOf } from "./errors.ts";
import type { Hierarchy } from "./layout.ts";

const { readFile } = promptFiles;

/** What a cgroup is limited to, in the units of cgroup v1; a field that is absent is left alone, or is unknown. */
export interface CgroupLimits {
  /** 2 to 262144; on v2 the weight that runc makes of it. */
  readonly cpuShares?: bigint;
  /** Microseconds of CPU in each period; negative: no limit. */
  readonly cpuQuotaMicros?: bigint;
  readonly cpuPeriodMicros?: bigint;
  readonly memoryLimitBytes?: bigint;
  readonly pidsLimit?: number;
  /** By page size as cgroups spell it, e.g. `2MB`. Without the controller it is left out. */
  readonly hugepageLimitsBytes?: { readonly [pageSize: string]: bigint };
}

/** What a cgroup has now. */
export interface CgroupState {
  readonly limits: CgroupLimits;
  /** Page cache included. */
  readonly memoryUsageBytes?: bigint;
}

/** A file of one controller, and what is written to it. */
export interface LimitFile {
  readonly controller: string;
  readonly name: string;
  readonly text: string;
  /** Whether a kernel without it will do. */
  readonly isOptional?: true;
}

const MIN_SHARES = 2n;
const MAX_SHARES = 262_144n;
const MAX_WEIGHT = 10_000n;

/** The weight that runc 1.3 and later write for shares: a curve through 2, 1024 and 262144 (opencontainers/cgroups, utils.go). */
export const sharesToWeight = (shares: bigint): bigint => {
  if (shares <= MIN_SHARES) return 1n;
  if (shares >= MAX_SHARES) return MAX_WEIGHT;
  const log = Math.log2(Number(shares));
  return BigInt(Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34)));
};

/** The shares whose weight this is or comes next: {@link sharesToWeight} read backwards. */
export const weightToShares = (weight: bigint): bigint => {
  let [low, high] = [MIN_SHARES, MAX_SHARES];
  while (low < high) {
    const middle = (low + high) / 2n;
    if (sharesToWeight(middle) < weight) low = middle + 1n;
    else high = middle;
  }
  return low;
};

const v1Files = (limits: CgroupLimits): readonly LimitFile[] => {
  const { cpuShares, cpuPeriodMicros, cpuQuotaMicros, memoryLimitBytes, pidsLimit } = limits;
  return [
    ...(pidsLimit === undefined ? [] : [{ controller: "pids", name: "pids.max", text: `${pidsLimit}` }]),
    ...(cpuShares === undefined ? [] : [{ controller: "cpu", name: "cpu.shares", text: `${cpuShares}` }]),
    ...(cpuPeriodMicros === undefined ? [] : [{ controller: "cpu", name: "cpu.cfs_period_us", text: `${cpuPeriodMicros}` }]),
    ...(cpuQuotaMicros === undefined
      ? []
      : [{ controller: "cpu", name: "cpu.cfs_quota_us", text: `${cpuQuotaMicros < 0n ? -1n : cpuQuotaMicros}` }]),
    ...(memoryLimitBytes === undefined ? [] : [{ controller: "memory", name: "memory.limit_in_bytes", text: `${memoryLimitBytes}` }]),
    ...Object.entries(limits.hugepageLimitsBytes ?? {}).map(([size, bytes]): LimitFile => ({
      controller: "hugetlb",
      name: `hugetlb.${size}.limit_in_bytes`,
      text: `${bytes}`,
      isOptional: true,
    })),
  ];
};

const DEFAULT_PERIOD_MICROS = 100_000n;

const v2Files = (limits: CgroupLimits): readonly LimitFile[] => {
  const { cpuShares, cpuPeriodMicros = DEFAULT_PERIOD_MICROS, cpuQuotaMicros, memoryLimitBytes, pidsLimit } = limits;
  const quota = cpuQuotaMicros === undefined || cpuQuotaMicros < 0n ? "max" : `${cpuQuotaMicros}`;
  return [
    ...(pidsLimit === undefined ? [] : [{ controller: "", name: "pids.max", text: `${pidsLimit}` }]),
    ...(cpuShares === undefined ? [] : [{ controller: "", name: "cpu.weight", text: `${sharesToWeight(cpuShares)}` }]),
    ...(cpuQuotaMicros === undefined ? [] : [{ controller: "", name: "cpu.max", text: `${quota} ${cpuPeriodMicros}` }]),
    ...(memoryLimitBytes === undefined ? [] : [{ controller: "", name: "memory.max", text: `${memoryLimitBytes}` }]),
    ...Object.entries(limits.hugepageLimitsBytes ?? {}).map(([size, bytes]): LimitFile => ({
      controller: "",
      name: `hugetlb.${size}.max`,
      text: `${bytes}`,
      isOptional: true,
    })),
  ];
};

/** The files of one tree that carry the limits, in the order in which they are written. */
export const computeLimitFiles = ({ version, controllers }: Hierarchy, limits: CgroupLimits): readonly LimitFile[] =>
  version === 2 ? v2Files(limits) : v1Files(limits).filter(({ controller }) => controllers.includes(controller));

const writeAll = async (
  write: (path: string, text: string) => Promise<void>,
  directory: string,
  files: readonly LimitFile[],
): Promise<void> => {
  for (const { name, text, isOptional } of files) {
    try {
      await write(join(directory, name), text);
    } catch (error) {
      if (isOptional === true && ["ENOENT", "EACCES", "EPERM"].includes(errnoOf(error))) continue;
      throw error;
    }
  }
};

/** Writes the limits of a cgroup in one tree that is new and holds nothing. */
export const writeFirstLimits = (hierarchy: Hierarchy, directory: string, limits: CgroupLimits): Promise<void> =>
  writeAll(promptFiles.writeFile, directory, computeLimitFiles(hierarchy, limits));

/** Writes the limits of a cgroup in one tree. The kernel may have to take memory back first, so it is waited for in a thread. */
export const writeLimits = (hierarchy: Hierarchy, directory: string, limits: CgroupLimits): Promise<void> =>
  writeAll((path, text) => writeFile(path, text), directory, computeLimitFiles(hierarchy, limits));

const readNumber = async (path: string): Promise<bigint | undefined> => {
  try {
    const text = (await readFile(path, "utf8")).trim();
    return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
};

const readWords = async (path: string): Promise<readonly string[]> => {
  try {
    return (await readFile(path, "utf8")).trim().split(/\s+/);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  }
};

/** What the kernel shows for no limit: the largest multiple of a page. */
const UNLIMITED_BYTES = 2n ** 62n;

const known = <K extends string>(key: K, value: bigint | undefined): { readonly [key in K]?: bigint } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [key in K]?: bigint };

const readV1 = async ({ controllers }: Hierarchy, directory: string): Promise<CgroupState> => {
  const read = (controller: string, name: string): Promise<bigint | undefined> =>
    controllers.includes(controller) ? readNumber(join(directory, name)) : Promise.resolve(undefined);
  const memory = await read("memory", "memory.limit_in_bytes");
  return {
    limits: {
      ...known("cpuShares", await read("cpu", "cpu.shares")),
      ...known("cpuQuotaMicros", await read("cpu", "cpu.cfs_quota_us")),
      ...known("cpuPeriodMicros", await read("cpu", "cpu.cfs_period_us")),
      ...known("memoryLimitBytes", memory !== undefined && memory < UNLIMITED_BYTES ? memory : undefined),
    },
    ...known("memoryUsageBytes", await read("memory", "memory.usage_in_bytes")),
  };
};

const readV2 = async (directory: string): Promise<CgroupState> => {
  const weight = await readNumber(join(directory, "cpu.weight"));
  const [quota, period] = await readWords(join(directory, "cpu.max"));
  return {
    limits: {
      ...known("cpuShares", weight === undefined ? undefined : weightToShares(weight)),
      ...known("cpuQuotaMicros", quota === undefined ? undefined : /^\d+$/.test(quota) ? BigInt(quota) : -1n),
      ...known("cpuPeriodMicros", period !== undefined && /^\d+$/.test(period) ? BigInt(period) : undefined),
      ...known("memoryLimitBytes", await readNumber(join(directory, "memory.max"))),
    },
    ...known("memoryUsageBytes", await readNumber(join(directory, "memory.current"))),
  };
};

/** Reads what one tree knows of a cgroup; what its controllers do not tell is absent. */
export const readState = (hierarchy: Hierarchy, directory: string): Promise<CgroupState> =>
  hierarchy.version === 2 ? readV2(directory) : readV1(hierarchy, directory);
