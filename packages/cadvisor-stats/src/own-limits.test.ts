import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readOwnLimits } from "./own-limits.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "nk-own-"));
});

afterEach(() => rmSync(root, { recursive: true }));

const MACHINE = {
  "proc/meminfo": "MemTotal:        8000000 kB\n",
  "proc/cpuinfo": "processor\t: 0\nprocessor\t: 1\n",
  "proc/self/status": "Name:\tnode\nCpus_allowed_list:\t0-7\n",
};

const limits = (files: { readonly [path: string]: string }) => {
  for (const [path, text] of Object.entries({ ...MACHINE, ...files })) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return readOwnLimits({ procRoot: join(root, "proc"), hostRoot: root });
};

describe("own limits", () => {
  it("are the tightest of the cgroup and those above it (v2)", () => {
    expect(
      limits({
        "proc/self/cgroup": "0::/a.slice/b.scope\n",
        "proc/self/mountinfo": "31 23 0:28 / /cg rw - cgroup2 cgroup2 rw\n",
        "cg/a.slice/cpu.max": "150000 100000\n",
        "cg/a.slice/memory.max": "max\n",
        "cg/a.slice/pids.max": "100\n",
        "cg/a.slice/b.scope/cpu.max": "max 100000\n",
        "cg/a.slice/b.scope/memory.max": "536870912\n",
        "cg/a.slice/b.scope/memory.current": "1000\n",
        "cg/a.slice/b.scope/pids.max": "max\n",
      }),
    ).toEqual({ cpus: 1.5, memoryBytes: 536_870_912, memoryUsageBytes: 1000, tasks: 100, cgroupVersion: 2 });
  });

  it("are found in a container whose own cgroup is mounted as the top (v1)", () => {
    expect(
      limits({
        "proc/self/cgroup": "4:memory:/kubepods/pod1/c1\n2:cpu,cpuacct:/kubepods/pod1/c1\n1:name=systemd:/x\n",
        "proc/self/mountinfo":
          "31 23 0:28 /kubepods/pod1/c1 /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n32 23 0:29 /kubepods/pod1/c1 /cg/memory rw - cgroup cgroup rw,memory\n",
        "cg/cpu/cpu.cfs_quota_us": "50000\n",
        "cg/cpu/cpu.cfs_period_us": "100000\n",
        "cg/memory/memory.limit_in_bytes": "268435456\n",
        "cg/memory/memory.usage_in_bytes": "4096\n",
      }),
    ).toEqual({ cpus: 0.5, memoryBytes: 268_435_456, memoryUsageBytes: 4096, cgroupVersion: 1 });
  });

  it("are the machine's without limits: none, 2^64-1, or garbage", () => {
    const machine = { cpus: 8, memoryBytes: 8_192_000_000 };
    expect(limits({})).toEqual(machine);
    expect(
      limits({
        "proc/self/cgroup": "0::/../../other\ngarbage\n",
        "proc/self/mountinfo": "31 23 0:28 / /cg rw - cgroup2 cgroup2 rw\n",
        "cg/memory.max": "18446744073709551615\n",
        "cg/cpu.max": "0 0\n",
        "cg/pids.max": "?",
      }),
    ).toEqual({ ...machine, cgroupVersion: 2 });
  });

  it("of this very process can be read", () => {
    const { cpus, memoryBytes } = readOwnLimits();
    expect(cpus).toBeGreaterThan(0);
    expect(memoryBytes).toBeGreaterThan(1e7);
  });
});
