import type { MemoryUsage } from "../model.ts";
import { parseCount, parseKeyed } from "../parse.ts";
import { parsePressure } from "./pressure.ts";
import type { CgroupSource } from "./source.ts";

/** Usage less inactive file pages, not below zero (cAdvisor: container/libcontainer, setMemoryStats). */
export const computeWorkingSetBytes = (memory: { readonly usageBytes: number; readonly inactiveFileBytes: number }): number =>
  Math.max(0, memory.usageBytes - memory.inactiveFileBytes);

const readV1 = (source: CgroupSource): MemoryUsage | undefined => {
  const usageBytes = parseCount(source.read("memory", "memory.usage_in_bytes"));
  if (usageBytes === undefined) return undefined;
  const text = source.read("memory", "memory.stat");
  // `total_` counts the cgroups below it; without use_hierarchy there is no such line, and none below counts.
  const total = (key: string): number => parseKeyed(text, `total_${key}`) ?? parseKeyed(text, key) ?? 0;
  const inactiveFileBytes = total("inactive_file");
  const pressure = parsePressure(source.readUnified("memory.pressure"));
  return {
    usageBytes,
    maxUsageBytes: parseCount(source.read("memory", "memory.max_usage_in_bytes")) ?? 0,
    workingSetBytes: computeWorkingSetBytes({ usageBytes, inactiveFileBytes }),
    rssBytes: total("rss"),
    cacheBytes: total("cache"),
    mappedFileBytes: total("mapped_file"),
    activeFileBytes: total("active_file"),
    inactiveFileBytes,
    kernelBytes: parseCount(source.read("memory", "memory.kmem.usage_in_bytes")) ?? 0,
    swapBytes: total("swap"),
    limitHits: parseCount(source.read("memory", "memory.failcnt")) ?? 0,
    // Faults of the cgroup itself, as the reference counts them.
    pageFaults: parseKeyed(text, "pgfault") ?? 0,
    majorPageFaults: parseKeyed(text, "pgmajfault") ?? 0,
    oomKills: parseKeyed(source.read("memory", "memory.oom_control"), "oom_kill") ?? 0,
    ...(pressure === undefined ? {} : { pressure }),
  };
};

const readV2 = (source: CgroupSource, readSwapOfMachine: () => number | undefined): MemoryUsage | undefined => {
  const text = source.readUnified("memory.stat");
  // That of a cgroup that exists is never empty.
  if (text === undefined || text === "") return undefined;
  const of = (key: string): number => parseKeyed(text, key) ?? 0;
  // The root has no memory.current: what v1 calls its usage is anonymous memory and page cache.
  const current = parseCount(source.readUnified("memory.current"));
  const usageBytes = current ?? of("anon") + of("file");
  const inactiveFileBytes = of("inactive_file");
  const events = source.readUnified("memory.events");
  const pressure = parsePressure(source.readUnified("memory.pressure"));
  return {
    usageBytes,
    maxUsageBytes: parseCount(source.readUnified("memory.peak")) ?? 0,
    workingSetBytes: computeWorkingSetBytes({ usageBytes, inactiveFileBytes }),
    rssBytes: of("anon"),
    cacheBytes: of("file"),
    mappedFileBytes: of("file_mapped"),
    activeFileBytes: of("active_file"),
    inactiveFileBytes,
    kernelBytes: of("kernel"),
    swapBytes: parseCount(source.readUnified("memory.swap.current")) ?? (current === undefined ? readSwapOfMachine() : undefined) ?? 0,
    limitHits: parseKeyed(events, "max") ?? 0,
    pageFaults: of("pgfault"),
    majorPageFaults: of("pgmajfault"),
    oomKills: parseKeyed(events, "oom_kill") ?? 0,
    ...(pressure === undefined ? {} : { pressure }),
  };
};

/** Memory of a cgroup; undefined when it is gone or has no such controller. The v2 root does not tell its swap: the machine's is taken. */
export const readMemory = (source: CgroupSource, readSwapOfMachine: () => number | undefined): MemoryUsage | undefined =>
  source.version === 1 ? readV1(source) : readV2(source, readSwapOfMachine);
