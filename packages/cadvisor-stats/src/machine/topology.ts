import { parseIdList, splitWords } from "../parse.ts";
import { listNumbered, readNumber, readText } from "./files.ts";
import type { HugePages } from "./hugepages.ts";
import { readHugePages } from "./hugepages.ts";
import { parseMeminfo } from "./memory.ts";

export interface CpuCache {
  readonly id: number;
  readonly level: number;
  /** `Data`, `Instruction` or `Unified`. */
  readonly type: string;
  readonly sizeBytes: number;
}

/** A core and its threads, which the kernel calls CPUs. */
export interface CpuCore {
  readonly id: number;
  readonly socket: number;
  readonly threads: readonly number[];
  /** Of this core alone; the shared ones are with the node. */
  readonly caches: readonly CpuCache[];
}

/** A NUMA node; a machine without any has one for each socket. */
export interface NumaNode {
  readonly id: number;
  readonly memoryBytes: number;
  readonly hugePages: readonly HugePages[];
  /** To each node, in their order. */
  readonly distances: readonly number[];
  readonly cores: readonly CpuCore[];
  readonly caches: readonly CpuCache[];
}

interface Thread {
  readonly cpu: number;
  readonly core: number;
  readonly socket: number;
}

interface SharedCache extends CpuCache {
  readonly cpus: number;
}

const UNITS: { readonly [unit: string]: number } = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

const readCaches = (cpuRoot: string, cpu: number): readonly SharedCache[] => {
  const root = `${cpuRoot}/cpu${cpu}/cache`;
  return listNumbered(root, /^index(\d+)$/).flatMap((index) => {
    const at = `${root}/index${index}`;
    const size = /^(\d+)([KMG]?)$/.exec(readText(`${at}/size`) ?? "");
    const level = readNumber(`${at}/level`);
    if (!size || level === undefined) return [];
    return {
      id: readNumber(`${at}/id`) ?? 0,
      level,
      type: readText(`${at}/type`) ?? "",
      sizeBytes: Number(size[1]) * (UNITS[size[2] ?? ""] ?? 1),
      cpus: parseIdList(readText(`${at}/shared_cpu_list`)).length,
    };
  });
};

const readThread = (cpuRoot: string, cpu: number): Thread | undefined => {
  // The first CPU of many machines cannot be switched off and has no such file.
  if (readNumber(`${cpuRoot}/cpu${cpu}/online`) === 0) return undefined;
  const core = readNumber(`${cpuRoot}/cpu${cpu}/topology/core_id`);
  const socket = readNumber(`${cpuRoot}/cpu${cpu}/topology/physical_package_id`);
  return core === undefined || socket === undefined ? undefined : { cpu, core, socket };
};

const withoutCpus = ({ id, level, type, sizeBytes }: SharedCache): CpuCache => ({ id, level, type, sizeBytes });

const buildCores = (cpuRoot: string, threads: readonly Thread[]): Pick<NumaNode, "cores" | "caches"> => {
  const byCore = Map.groupBy(threads, ({ core, socket }) => `${socket}/${core}`);
  const shared = new Map<string, CpuCache>();
  const cores = [...byCore.values()].flatMap((group): CpuCore | readonly never[] => {
    const [first] = group;
    if (first === undefined) return [];
    const caches = readCaches(cpuRoot, first.cpu);
    for (const cache of caches.filter(({ level }) => level > 2)) shared.set(`${cache.level}/${cache.id}`, withoutCpus(cache));
    return {
      id: first.core,
      socket: first.socket,
      threads: group.map(({ cpu }) => cpu),
      caches: caches.filter(({ level, cpus }) => level <= 2 && cpus === group.length).map(withoutCpus),
    };
  });
  return { cores, caches: [...shared.values()] };
};

/** NUMA nodes, cores, threads and caches as /sys/devices/system tells; none when it does not. */
export const readTopology = (sysRoot: string): readonly NumaNode[] => {
  const cpuRoot = `${sysRoot}/devices/system/cpu`;
  const nodeRoot = `${sysRoot}/devices/system/node`;
  const threadsOf = (cpus: readonly number[]): readonly Thread[] => cpus.flatMap((cpu) => readThread(cpuRoot, cpu) ?? []);
  const nodes = listNumbered(nodeRoot, /^node(\d+)$/);
  if (nodes.length === 0) {
    const bySocket = Map.groupBy(threadsOf(listNumbered(cpuRoot, /^cpu(\d+)$/)), ({ socket }) => socket);
    return [...bySocket].map(([id, threads]) => ({ id, memoryBytes: 0, hugePages: [], distances: [], ...buildCores(cpuRoot, threads) }));
  }
  return nodes.map((id) => {
    const at = `${nodeRoot}/node${id}`;
    const meminfo = readText(`${at}/meminfo`)?.replaceAll(/^Node \d+ +/gm, "");
    return {
      id,
      memoryBytes: parseMeminfo(meminfo, "MemTotal") ?? 0,
      hugePages: readHugePages(`${at}/hugepages`),
      distances: splitWords(readText(`${at}/distance`) ?? "").map(Number),
      ...buildCores(cpuRoot, threadsOf(listNumbered(at, /^cpu(\d+)$/))),
    };
  });
};
