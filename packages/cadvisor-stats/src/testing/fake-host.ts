import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What a cgroup of the fake uses and may use. */
export interface FakeCgroup {
  readonly cpuNanos?: bigint;
  readonly throttledPeriods?: number;
  readonly periods?: number;
  readonly memoryBytes?: number;
  readonly inactiveFileBytes?: number;
  readonly readBytes?: bigint;
  readonly writeBytes?: bigint;
  readonly pids?: readonly number[];
  /** No limit when absent. */
  readonly memoryLimitBytes?: number;
  readonly cpuQuotaMicros?: number;
}

export interface FakeHostOptions {
  /** Default 2. */
  readonly version?: 1 | 2;
  /** Default 8 GiB. */
  readonly memoryBytes?: number;
}

/** A machine made of files in a directory. */
export interface FakeHost {
  /** For `createCollector`. */
  readonly cgroupRoot: string;
  readonly procRoot: string;
  /** Makes a cgroup, and those above it, or writes what it uses now. */
  set(path: string, cgroup: FakeCgroup): void;
  /** Removes a cgroup: files of it that are open read empty, as those of a real one fail. */
  remove(path: string): void;
}

interface Files {
  readonly [file: string]: string;
}

const V1_NO_LIMIT = "9223372036854771712";

const v1Files = (cgroup: FakeCgroup): Files => {
  const { cpuNanos = 0n, memoryBytes = 0, inactiveFileBytes = 0, pids = [], readBytes = 0n, writeBytes = 0n } = cgroup;
  const list = pids.map((pid) => `${pid}\n`).join("");
  const io = `8:0 Read ${readBytes}\n8:0 Write ${writeBytes}\n8:0 Total ${readBytes + writeBytes}\nTotal ${readBytes + writeBytes}\n`;
  return {
    "cpu/cgroup.procs": list,
    "cpu/cpu.shares": "1024\n",
    "cpu/cpu.cfs_period_us": "100000\n",
    "cpu/cpu.cfs_quota_us": `${cgroup.cpuQuotaMicros ?? -1}\n`,
    "cpu/cpu.stat": `nr_periods ${cgroup.periods ?? 0}\nnr_throttled ${cgroup.throttledPeriods ?? 0}\nthrottled_time 0\n`,
    "cpuacct/cgroup.procs": list,
    "cpuacct/cpuacct.usage": `${cpuNanos}\n`,
    "cpuacct/cpuacct.stat": `user ${cpuNanos / 10_000_000n}\nsystem 0\n`,
    "memory/cgroup.procs": list,
    "memory/memory.usage_in_bytes": `${memoryBytes}\n`,
    "memory/memory.stat": `total_cache ${inactiveFileBytes}\ntotal_rss ${memoryBytes - inactiveFileBytes}\ntotal_inactive_file ${inactiveFileBytes}\n`,
    "memory/memory.limit_in_bytes": `${cgroup.memoryLimitBytes ?? V1_NO_LIMIT}\n`,
    "blkio/cgroup.procs": list,
    "blkio/blkio.throttle.io_service_bytes_recursive": io,
    "pids/cgroup.procs": list,
    "pids/pids.current": `${pids.length}\n`,
    "pids/pids.max": "max\n",
  };
};

const v2Files = (cgroup: FakeCgroup): Files => {
  const { cpuNanos = 0n, memoryBytes = 0, inactiveFileBytes = 0, pids = [], readBytes = 0n, writeBytes = 0n } = cgroup;
  const periods = `nr_periods ${cgroup.periods ?? 0}\nnr_throttled ${cgroup.throttledPeriods ?? 0}\n`;
  const micros = cpuNanos / 1000n;
  return {
    "cgroup.procs": pids.map((pid) => `${pid}\n`).join(""),
    "cgroup.events": `populated ${pids.length > 0 ? 1 : 0}\nfrozen 0\n`,
    "cpu.stat": `usage_usec ${micros}\nuser_usec ${micros}\nsystem_usec 0\n${periods}throttled_usec 0\n`,
    "cpu.max": `${cgroup.cpuQuotaMicros ?? "max"} 100000\n`,
    "cpu.weight": "100\n",
    "memory.current": `${memoryBytes}\n`,
    "memory.stat": `anon ${memoryBytes - inactiveFileBytes}\nfile ${inactiveFileBytes}\ninactive_file ${inactiveFileBytes}\n`,
    "memory.max": `${cgroup.memoryLimitBytes ?? "max"}\n`,
    "io.stat": `8:0 rbytes=${readBytes} wbytes=${writeBytes} rios=0 wios=0\n`,
    "pids.current": `${pids.length}\n`,
    "pids.max": "max\n",
  };
};

const procFiles = (memoryBytes: number): Files => ({
  meminfo: `MemTotal: ${Math.trunc(memoryBytes / 1024)} kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n`,
  loadavg: "0.00 0.00 0.00 1/42 4711\n",
  stat: "btime 1700000000\n",
  diskstats: "   8       0 sda 0 0 0 0 0 0 0 0 0 0 0\n",
  "1/net/dev": "Inter-| Receive\n face |bytes\n eth0: 1000 10 0 0 0 0 0 0 2000 20 0 0 0 0 0 0\n",
});

/** v1 trees, as a host has them, each with its controller. */
const V1_TREES = ["cpu", "cpuacct", "memory", "blkio", "pids"];

const splitFile = (version: 1 | 2, file: string): readonly [tree: string, name: string] => {
  const slash = file.indexOf("/");
  return version === 1 ? [file.slice(0, slash), file.slice(slash + 1)] : ["", file];
};

/** Lays a machine with an empty root cgroup into a directory of yours, which you remove in the end. */
export const openFakeHost = (directory: string, options: FakeHostOptions = {}): FakeHost => {
  const { version = 2, memoryBytes = 8 * 1024 ** 3 } = options;
  const cgroupRoot = join(directory, "cgroup");
  const procRoot = join(directory, "proc");
  const trees = version === 1 ? V1_TREES.map((tree) => join(cgroupRoot, tree)) : [cgroupRoot];

  const lay = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };

  const set = (path: string, cgroup: FakeCgroup): void => {
    for (const [file, text] of Object.entries(version === 1 ? v1Files(cgroup) : v2Files(cgroup))) {
      const [tree, name] = splitFile(version, file);
      lay(join(cgroupRoot, tree, path, name), text);
    }
  };

  const empty = (at: string): void => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      if (entry.isDirectory()) empty(join(at, entry.name));
      else truncateSync(join(at, entry.name));
    }
  };

  for (const [file, text] of Object.entries(procFiles(memoryBytes))) lay(join(procRoot, file), text);
  if (version === 2) lay(join(cgroupRoot, "cgroup.controllers"), "cpu io memory pids\n");
  set("/", {});
  return {
    cgroupRoot,
    procRoot,
    set,
    remove: (path) => {
      for (const tree of trees) {
        const at = join(tree, path);
        empty(at);
        rmSync(at, { recursive: true });
      }
    },
  };
};
