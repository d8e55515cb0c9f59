import { join } from "node:path";
import { parseCount, parseIdList, parseLimit, splitWords } from "./parse.ts";
import { readText } from "./machine/files.ts";
import { parseMeminfo } from "./machine/memory.ts";
import type { MountPoint } from "./mount-points.ts";
import { parseMountPoints } from "./mount-points.ts";

/** What a process may use: the tightest limit of its cgroup and all above it that it can see. */
export interface OwnLimits {
  /** Cores, possibly a fraction: the least of quota, cpuset and the machine's CPUs. */
  readonly cpus: number;
  /** Bytes: the least of the limits and the machine's memory. */
  readonly memoryBytes: number;
  /** What is used of `memoryBytes` now, page cache included; absent without a memory cgroup. */
  readonly memoryUsageBytes?: number;
  /** Tasks; absent when there is no limit. */
  readonly tasks?: number;
  /** Which kind of cgroups told; undefined when none did. */
  readonly cgroupVersion?: 1 | 2;
}

export interface OwnLimitsOptions {
  /** Default /proc. */
  readonly procRoot?: string;
  /** Whose limits. Default: this process's own. */
  readonly pid?: number;
  /** What mount points lie below. Default `/`. */
  readonly hostRoot?: string;
}

/** The directories of a process's cgroup and those above it, as far as they are mounted, the innermost first. */
const directoriesIn = (mount: MountPoint, path: string): readonly string[] => {
  // In a container the mount's root is the container's own cgroup, or its path begins above what is mounted: then there is only the top.
  const isBelow = mount.root === "/" || path === mount.root || path.startsWith(`${mount.root}/`);
  const parts = isBelow
    ? path
        .slice(mount.root === "/" ? 0 : mount.root.length)
        .split("/")
        .filter((part) => part !== "" && part !== "..")
    : [];
  return Array.from({ length: parts.length + 1 }, (_unused, index) => join(mount.mountPoint, ...parts.slice(0, parts.length - index)));
};

type Lookup = (controller: string) => { readonly version: 1 | 2; readonly directories: readonly string[] } | undefined;

/** Finds a controller's directories from /proc/PID/cgroup and mountinfo; on a hybrid host most are v1's. */
const createLookup = (cgroup: string, mounts: readonly MountPoint[]): Lookup => {
  const lines = cgroup.split("\n").map((line) => /^(\d+):([^:]*):(.*)$/.exec(line));
  return (controller) => {
    const v1 = lines.find((line) => line?.[2]?.split(",").includes(controller));
    const mount1 = mounts.find(({ fsType, superOptions }) => fsType === "cgroup" && superOptions.includes(controller));
    if (v1 && mount1) return { version: 1, directories: directoriesIn(mount1, v1[3] ?? "/") };
    const v2 = lines.find((line) => line?.[1] === "0" && line[2] === "");
    const mount2 = mounts.find(({ fsType }) => fsType === "cgroup2");
    return v2 && mount2 ? { version: 2, directories: directoriesIn(mount2, v2[3] ?? "/") } : undefined;
  };
};

const quotaCpus = (version: 1 | 2, directory: string): number | undefined => {
  const [quotaWord, periodWord] =
    version === 2
      ? splitWords(readText(`${directory}/cpu.max`) ?? "")
      : [readText(`${directory}/cpu.cfs_quota_us`), readText(`${directory}/cpu.cfs_period_us`)];
  const quota = parseCount(quotaWord);
  const period = parseCount(periodWord);
  return quota === undefined || period === undefined || period === 0 || quota === 0 ? undefined : quota / period;
};

const tightest = (values: readonly (number | undefined)[]): number | undefined => {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

/**
 * What this process may use, in a container or not: cgroup v1, v2 or both. For sizing pools and caches: `os.cpus()` and `os.totalmem()`
 * tell what the machine has. Never throws; without cgroups it is the machine's.
 */
export const readOwnLimits = (options: OwnLimitsOptions = {}): OwnLimits => {
  const { procRoot = "/proc", pid, hostRoot = "/" } = options;
  const self = `${procRoot}/${pid ?? "self"}`;
  const mounts = parseMountPoints(readText(`${self}/mountinfo`)).map((mount) => ({
    ...mount,
    mountPoint: join(hostRoot, mount.mountPoint),
  }));
  const lookup = createLookup(readText(`${self}/cgroup`) ?? "", mounts);
  const each = <T>(controller: string, task: (version: 1 | 2, directory: string) => T): readonly T[] => {
    const found = lookup(controller);
    return found?.directories.map((directory) => task(found.version, directory)) ?? [];
  };
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readText(`${self}/status`) ?? "")?.[1];
  const listed = parseIdList(allowed).length;
  const machineCpus = [...(readText(`${procRoot}/cpuinfo`) ?? "").matchAll(/^processor\s*:/gm)].length;
  const cpus = tightest([listed || machineCpus || 1, ...each("cpu", quotaCpus)]);
  const limits = each("memory", (version, directory) =>
    parseLimit(readText(`${directory}/${version === 1 ? "memory.limit_in_bytes" : "memory.max"}`)),
  );
  const [memoryUsageBytes] = each("memory", (version, directory) =>
    parseCount(readText(`${directory}/${version === 1 ? "memory.usage_in_bytes" : "memory.current"}`)),
  );
  const tasks = tightest(each("pids", (_version, directory) => parseLimit(readText(`${directory}/pids.max`))));
  const cgroupVersion = lookup("memory")?.version;
  return {
    cpus: cpus ?? 1,
    memoryBytes: tightest([parseMeminfo(readText(`${procRoot}/meminfo`), "MemTotal"), ...limits]) ?? 0,
    ...(memoryUsageBytes === undefined ? {} : { memoryUsageBytes }),
    ...(tasks === undefined ? {} : { tasks }),
    ...(cgroupVersion === undefined ? {} : { cgroupVersion }),
  };
};
