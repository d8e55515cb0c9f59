import { existsSync, readdirSync, readFileSync, statfsSync } from "node:fs";
import { join } from "node:path";

/** Facts about the machine, read once at start. */
export interface HostFacts {
  readonly memoryCapacityBytes: bigint;
  readonly swapCapacityBytes: bigint;
  /** Ascending. */
  readonly hugePageSizesBytes: readonly bigint[];
  readonly cgroupVersion: 1 | 2;
  readonly swapControllerAvailable: boolean;
  readonly selinuxEnabled: boolean;
  readonly isAppArmorEnabled: boolean;
  readonly maskedThermalPaths: readonly string[];
  readonly cpus: number;
  /** Size of the filesystem under the kubelet's root directory. */
  readonly diskBytes: bigint;
}

const meminfoBytes = (meminfo: string, name: string): bigint =>
  BigInt(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(meminfo)?.[1] ?? 0) * 1024n;

const listOrEmpty = (path: string): readonly string[] => (existsSync(path) ? readdirSync(path) : []);

const countCpus = (root: string): number => (readFileSync(join(root, "proc/cpuinfo"), "utf8").match(/^processor\s*:/gm) ?? []).length;

const thermalPaths = (root: string): readonly string[] =>
  listOrEmpty(join(root, "sys/devices/system/cpu"))
    .filter((name) => /^cpu\d+$/.test(name) && existsSync(join(root, "sys/devices/system/cpu", name, "thermal_throttle")))
    .toSorted((a, b) => Number(a.slice(3)) - Number(b.slice(3)))
    .map((name) => `/sys/devices/system/cpu/${name}/thermal_throttle`);

const hugePageSizes = (root: string): readonly bigint[] =>
  listOrEmpty(join(root, "sys/kernel/mm/hugepages"))
    .flatMap((name) => {
      const size = /^hugepages-(\d+)kB$/.exec(name)?.[1];
      return size === undefined ? [] : [BigInt(size) * 1024n];
    })
    .toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));

/** The kernel has it, and it was not turned off at boot. */
const readAppArmor = (root: string): boolean => {
  const flag = join(root, "sys/module/apparmor/parameters/enabled");
  return existsSync(join(root, "sys/kernel/security/apparmor")) && existsSync(flag) && readFileSync(flag, "utf8").startsWith("Y");
};

/**
 * Reads the machine below `root` (`/`, or a fixture). cgroup v2 is what is mounted at /sys/fs/cgroup itself; a hybrid machine counts as v1,
 * as in the reference.
 */
export const readHostFacts = (options: { readonly root: string; readonly diskPath: string }): HostFacts => {
  const { root, diskPath } = options;
  const meminfo = readFileSync(join(root, "proc/meminfo"), "utf8");
  const isV2 = existsSync(join(root, "sys/fs/cgroup/cgroup.controllers"));
  const disk = statfsSync(diskPath, { bigint: true });
  return {
    memoryCapacityBytes: meminfoBytes(meminfo, "MemTotal"),
    swapCapacityBytes: meminfoBytes(meminfo, "SwapTotal"),
    hugePageSizesBytes: hugePageSizes(root),
    cgroupVersion: isV2 ? 2 : 1,
    // On v2 the file exists in every cgroup but the root one, so the first child is asked.
    swapControllerAvailable: isV2
      ? listOrEmpty(join(root, "sys/fs/cgroup")).some((name) => existsSync(join(root, "sys/fs/cgroup", name, "memory.swap.max")))
      : existsSync(join(root, "sys/fs/cgroup/memory/memory.memsw.limit_in_bytes")),
    selinuxEnabled: existsSync(join(root, "sys/fs/selinux/enforce")),
    isAppArmorEnabled: readAppArmor(root),
    maskedThermalPaths: thermalPaths(root),
    cpus: countCpus(root),
    diskBytes: disk.blocks * disk.bsize,
  };
};
