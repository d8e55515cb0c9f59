import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCgroups } from "./cgroups.ts";
import { isCgroupsError } from "./errors.ts";
import { sharesToWeight, weightToShares } from "./limits.ts";
import type { CgroupLimits } from "./limits.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "limits-"));
});
afterEach(() => rm(root, { recursive: true }));

const write = async (path: string, text = ""): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
};

const read = (path: string): Promise<string> => readFile(join(root, path), "utf8");

const mountV1 = async (...controllers: readonly string[]): Promise<void> => {
  for (const controller of controllers) await write(`${controller}/cgroup.procs`);
};

const LIMITS: CgroupLimits = {
  pidsLimit: 100,
  cpuShares: 102n,
  cpuQuotaMicros: 20_000n,
  cpuPeriodMicros: 100_000n,
  memoryLimitBytes: 65_536n,
};

describe("limits of a cgroup", () => {
  test("go to the files of their controllers on v1, and to no other tree", async () => {
    await mountV1("cpu", "cpuacct", "memory", "pids");
    await write("unified/cgroup.controllers");
    await write("unified/cgroup.subtree_control");
    await write("unified/kubepods/cgroup.controllers");
    await write("unified/kubepods/cgroup.subtree_control");
    await createCgroups({ root }).ensure("/kubepods/pod1", LIMITS);
    expect(await readdir(join(root, "cpu/kubepods/pod1"))).toEqual(["cpu.cfs_period_us", "cpu.cfs_quota_us", "cpu.shares"]);
    expect(await readdir(join(root, "memory/kubepods/pod1"))).toEqual(["memory.limit_in_bytes"]);
    expect(await read("pids/kubepods/pod1/pids.max")).toBe("100");
    for (const tree of ["cpuacct", "unified"]) expect(await readdir(join(root, tree, "kubepods/pod1"))).toEqual([]);
    expect([await read("cpu/kubepods/pod1/cpu.cfs_quota_us"), await read("memory/kubepods/pod1/memory.limit_in_bytes")]).toEqual([
      "20000",
      "65536",
    ]);
  });

  test("go to the unified files on v2", async () => {
    await write("cgroup.controllers", "cpu memory");
    await write("cgroup.subtree_control", "cpu memory");
    await write("kubepods/cgroup.controllers", "cpu memory");
    await write("kubepods/cgroup.subtree_control", "cpu memory");
    const cgroups = createCgroups({ root });
    await cgroups.ensure("/kubepods/pod1", { ...LIMITS, hugepageLimitsBytes: { "2MB": 0n } });
    expect(await readdir(join(root, "kubepods/pod1"))).toEqual(["cpu.max", "cpu.weight", "hugetlb.2MB.max", "memory.max", "pids.max"]);
    expect([await read("kubepods/pod1/cpu.max"), await read("kubepods/pod1/cpu.weight")]).toEqual(["20000 100000", "17"]);
    await cgroups.setLimits("/kubepods/pod1", { cpuQuotaMicros: -1n });
    expect([await read("kubepods/pod1/cpu.max"), await read("kubepods/pod1/memory.max")]).toEqual(["max 100000", "65536"]);
  });

  test("are left alone where the cgroup was there before", async () => {
    await mountV1("cpu", "memory");
    const cgroups = createCgroups({ root });
    await cgroups.ensure("/kubepods/pod1");
    await cgroups.ensure("/kubepods/pod1", LIMITS);
    expect(await readdir(join(root, "cpu/kubepods/pod1"))).toEqual([]);
  });

  test("are changed one by one", async () => {
    await mountV1("cpu", "memory");
    const cgroups = createCgroups({ root });
    await cgroups.ensure("/kubepods/pod1", LIMITS);
    await cgroups.setLimits("/kubepods/pod1", { memoryLimitBytes: 4096n });
    expect([await read("cpu/kubepods/pod1/cpu.shares"), await read("memory/kubepods/pod1/memory.limit_in_bytes")]).toEqual(["102", "4096"]);
  });

  test("are not set of a cgroup that is not there", async () => {
    await mountV1("cpu", "memory");
    const failure: unknown = await createCgroups({ root })
      .setLimits("/kubepods/pod1", LIMITS)
      .catch((error: unknown) => error);
    expect(isCgroupsError(failure) && failure.code).toBe("failed");
  });
});

describe("the state of a cgroup", () => {
  test("is put together from all v1 trees; the kernel's largest number is no limit", async () => {
    await mountV1("cpu", "memory");
    await write("cpu/pod1/cpu.shares", "102\n");
    await write("cpu/pod1/cpu.cfs_quota_us", "-1\n");
    await write("cpu/pod1/cpu.cfs_period_us", "100000\n");
    await write("memory/pod1/memory.limit_in_bytes", "9223372036854771712\n");
    await write("memory/pod1/memory.usage_in_bytes", "4096\n");
    expect(await createCgroups({ root }).readState("/pod1")).toEqual({
      limits: { cpuShares: 102n, cpuQuotaMicros: -1n, cpuPeriodMicros: 100_000n },
      memoryUsageBytes: 4096n,
    });
  });

  test("is read from the unified files on v2", async () => {
    await write("cgroup.controllers", "cpu memory");
    await write("pod1/cpu.weight", "17\n");
    await write("pod1/cpu.max", "20000 50000\n");
    await write("pod1/memory.max", "max\n");
    await write("pod1/memory.current", "8192\n");
    expect(await createCgroups({ root }).readState("/pod1")).toEqual({
      limits: { cpuShares: weightToShares(17n), cpuQuotaMicros: 20_000n, cpuPeriodMicros: 50_000n },
      memoryUsageBytes: 8192n,
    });
  });

  test("is empty of a cgroup that is not there", async () => {
    await mountV1("cpu", "memory");
    expect(await createCgroups({ root }).readState("/pod1")).toEqual({ limits: {} });
  });
});

test("weights are those of runc at both ends and at the default, grow with the shares, and lead back to the same weight", () => {
  expect([0n, 2n, 1024n, 262_144n, 999_999n].map(sharesToWeight)).toEqual([1n, 1n, 100n, 10_000n, 10_000n]);
  fc.assert(
    fc.property(fc.bigInt({ min: 2n, max: 262_144n }), (shares) => {
      const weight = sharesToWeight(shares);
      expect(sharesToWeight(weightToShares(weight))).toBe(weight);
      expect(sharesToWeight(shares + 1n)).toBeGreaterThanOrEqual(weight);
    }),
  );
});
