import { arch } from "node:os";
import { listNames, listNumbered, readNumber, readText } from "./files.ts";
import type { HugePages } from "./hugepages.ts";
import { readHugePages } from "./hugepages.ts";
import { parseMeminfo } from "./memory.ts";
import type { NumaNode } from "./topology.ts";
import { readTopology } from "./topology.ts";

export interface BlockDevice {
  /** E.g. `sda`. */
  readonly name: string;
  readonly major: number;
  readonly minor: number;
  readonly sizeBytes: number;
}

export interface NetworkDevice {
  readonly name: string;
  readonly mac: string;
  readonly mtu: number;
  /** Megabits per second; absent when it is down or virtual. */
  readonly speedMbps?: number;
}

/** Memory modules of one type, as the memory controller tells (EDAC). */
export interface MemoryModules {
  readonly type: string;
  readonly modules: number;
  readonly capacityBytes: number;
}

/** What a machine is; it does not change but by hot-plugging. What cannot be read is empty or zero. */
export interface MachineInfo {
  readonly timeMs: number;
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  readonly bootTimeMs: number;
  readonly kernelVersion: string;
  /** PRETTY_NAME of os-release. */
  readonly osVersion: string;
  readonly architecture: string;
  readonly cpuVendor: string;
  readonly cpuFrequencyKhz: number;
  /** CPUs as the kernel counts: threads. */
  readonly cpus: number;
  readonly physicalCores: number;
  readonly sockets: number;
  readonly memoryBytes: number;
  readonly swapBytes: number;
  readonly memoryModules: readonly MemoryModules[];
  readonly hugePages: readonly HugePages[];
  readonly topology: readonly NumaNode[];
  readonly blockDevices: readonly BlockDevice[];
  readonly networkDevices: readonly NetworkDevice[];
}

export interface MachineInfoOptions {
  /** Default /proc. */
  readonly procRoot?: string;
  /** Default /sys. */
  readonly sysRoot?: string;
  /** Default /etc: machine-id and os-release. */
  readonly etcRoot?: string;
  readonly nowMs: number;
}

const countDistinct = (text: string, pattern: RegExp): number => new Set([...text.matchAll(pattern)].map(([, id]) => id)).size;

const readBlockDevices = (sysRoot: string): readonly BlockDevice[] =>
  listNames(`${sysRoot}/block`).flatMap((name) => {
    const at = `${sysRoot}/block/${name}`;
    const numbers = /^(\d+):(\d+)$/.exec(readText(`${at}/dev`) ?? "");
    // A path of a multipath device has no numbers; loop, ram and device mapper ones are no disks.
    if (!numbers || /^(loop|ram|sr|dm-)/.test(name) || readNumber(`${at}/hidden`) === 1) return [];
    return { name, major: Number(numbers[1]), minor: Number(numbers[2]), sizeBytes: (readNumber(`${at}/size`) ?? 0) * 512 };
  });

const readNetworkDevices = (sysRoot: string): readonly NetworkDevice[] =>
  listNames(`${sysRoot}/class/net`).flatMap((name) => {
    if (/^(lo|veth|docker|nerdctl)/.test(name)) return [];
    const at = `${sysRoot}/class/net/${name}`;
    const mtu = readNumber(`${at}/mtu`);
    const speedMbps = readNumber(`${at}/speed`);
    if (mtu === undefined) return [];
    return { name, mac: readText(`${at}/address`) ?? "", mtu, ...(speedMbps === undefined || speedMbps <= 0 ? {} : { speedMbps }) };
  });

const readMemoryModules = (sysRoot: string): readonly MemoryModules[] => {
  const byType = new Map<string, { modules: number; capacityBytes: number }>();
  const root = `${sysRoot}/devices/system/edac/mc`;
  for (const controller of listNumbered(root, /^mc(\d+)$/)) {
    for (const dimm of listNumbered(`${root}/mc${controller}`, /^dimm(\d+)$/)) {
      const at = `${root}/mc${controller}/dimm${dimm}`;
      const type = readText(`${at}/dimm_mem_type`);
      const megabytes = readNumber(`${at}/size`);
      if (type === undefined || megabytes === undefined) continue;
      const sum = byType.get(type) ?? { modules: 0, capacityBytes: 0 };
      byType.set(type, { modules: sum.modules + 1, capacityBytes: sum.capacityBytes + megabytes * 1024 ** 2 });
    }
  }
  return [...byType].map(([type, sum]) => ({ type, ...sum }));
};

const readFrequencyKhz = (sysRoot: string, cpuinfo: string): number => {
  const highest = readNumber(`${sysRoot}/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq`);
  const now = /^(?:cpu MHz|CPU MHz|clock)\s*:\s*([\d.]+)/m.exec(cpuinfo)?.[1];
  return highest ?? Math.trunc(Number(now ?? 0) * 1000);
};

const readOsVersion = (etcRoot: string): string =>
  /^PRETTY_NAME=["']?(.*?)["']?$/m.exec(readText(`${etcRoot}/os-release`) ?? "")?.[1] ?? "";

/** Reads what a machine is. Synchronous: some hundred small files, ten milliseconds; once at start is enough. Never throws. */
export const readMachineInfo = (options: MachineInfoOptions): MachineInfo => {
  const { procRoot = "/proc", sysRoot = "/sys", etcRoot = "/etc", nowMs } = options;
  const machineId = readText(`${etcRoot}/machine-id`) ?? "";
  const cpuinfo = readText(`${procRoot}/cpuinfo`) ?? "";
  const meminfo = readText(`${procRoot}/meminfo`);
  const topology = readTopology(sysRoot);
  const cores = topology.flatMap((node) => node.cores);
  const threads = cores.reduce((sum, core) => sum + core.threads.length, 0);
  // Where /proc/cpuinfo does not number them, as on arm64, the topology does.
  const physicalCores = countDistinct(cpuinfo, /^core id\s*:\s*(\d+)$/gm) || new Set(cores.map(({ id }) => id)).size;
  const sockets = countDistinct(cpuinfo, /^physical id\s*:\s*(\d+)$/gm) || new Set(cores.map(({ socket }) => socket)).size;
  return {
    timeMs: nowMs,
    machineId,
    // A machine without firmware tables goes by its machine-id (cAdvisor: sysfs.GetSystemUUID).
    systemUuid: readText(`${sysRoot}/class/dmi/id/product_uuid`) ?? machineId,
    bootId: readText(`${procRoot}/sys/kernel/random/boot_id`) ?? "",
    bootTimeMs: Number(/^btime (\d+)$/m.exec(readText(`${procRoot}/stat`) ?? "")?.[1] ?? 0) * 1000,
    kernelVersion: readText(`${procRoot}/sys/kernel/osrelease`) ?? "",
    osVersion: readOsVersion(etcRoot),
    architecture: arch(),
    cpuVendor: /^vendor_id\s*:\s*(\w+)/m.exec(cpuinfo)?.[1] ?? "",
    cpuFrequencyKhz: readFrequencyKhz(sysRoot, cpuinfo),
    cpus: threads || countDistinct(cpuinfo, /^processor\s*:\s*(\d+)$/gm),
    physicalCores,
    sockets,
    memoryBytes: parseMeminfo(meminfo, "MemTotal") ?? 0,
    swapBytes: parseMeminfo(meminfo, "SwapTotal") ?? 0,
    memoryModules: readMemoryModules(sysRoot),
    hugePages: readHugePages(`${sysRoot}/kernel/mm/hugepages`),
    topology,
    blockDevices: readBlockDevices(sysRoot),
    networkDevices: readNetworkDevices(sysRoot),
  };
};
