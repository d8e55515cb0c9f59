import { describe, expect, it } from "vitest";
import type { CgroupResources } from "../resources.ts";
import { computeCpuShares, computeCpuWeight } from "./cpu.ts";
import { CONTROLLERS } from "./index.ts";

type Files = { readonly [file: string]: string };

/** `file=value` of every write, in order; optional ones with a question mark. */
const writes = (version: 1 | 2, resources: CgroupResources, files: Files = {}): readonly string[] =>
  CONTROLLERS.flatMap(({ computeWrites }) => computeWrites(version, resources, (file) => files[file])).map(
    ({ file, value, isOptional }) => `${file}${isOptional === true ? "?" : ""}=${value}`,
  );

const parsed = (version: 1 | 2, files: Files): CgroupResources =>
  Object.assign({}, ...CONTROLLERS.map(({ parse }) => parse(version, (file) => files[file]))) as CgroupResources;

describe("settings", () => {
  it.each<[string, CgroupResources, readonly string[], readonly string[]]>([
    [
      "cpu",
      { cpuShares: 512, cpuQuotaMicros: 50_000, cpuPeriodMicros: 20_000 },
      ["cpu.shares=512", "cpu.cfs_period_us=20000", "cpu.cfs_quota_us=50000"],
      ["cpu.weight=59", "cpu.max=50000 20000"],
    ],
    ["a quota alone", { cpuQuotaMicros: "max" }, ["cpu.cfs_quota_us=-1"], ["cpu.max=max 100000"]],
    ["cpuset", { cpus: "0-3,8", memoryNodes: "0" }, ["cpuset.cpus=0-3,8", "cpuset.mems=0"], ["cpuset.cpus=0-3,8", "cpuset.mems=0"]],
    ["no limit of memory", { memoryBytes: "max" }, ["memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes?=-1"], ["memory.max=max"]],
    [
      "memory and swap",
      { memoryBytes: 100, swapBytes: 50, memoryLowBytes: 10, memoryMinBytes: 5, memoryHighBytes: "max" },
      ["memory.limit_in_bytes=100", "memory.memsw.limit_in_bytes?=150", "memory.soft_limit_in_bytes=10"],
      ["memory.swap.max=50", "memory.max=100", "memory.min=5", "memory.low=10", "memory.high=max"],
    ],
    [
      "no swap",
      { memoryBytes: 100, swapBytes: 0 },
      ["memory.limit_in_bytes=100", "memory.memsw.limit_in_bytes?=100"],
      ["memory.swap.max?=0", "memory.max=100"],
    ],
    ["pids", { tasks: "max" }, ["pids.max=max"], ["pids.max=max"]],
    [
      "hugetlb",
      { hugePageBytes: { "2MB": 0, "1GB": "max" } },
      [
        "hugetlb.2MB.limit_in_bytes=0",
        "hugetlb.2MB.rsvd.limit_in_bytes?=0",
        "hugetlb.1GB.limit_in_bytes=-1",
        "hugetlb.1GB.rsvd.limit_in_bytes?=-1",
      ],
      ["hugetlb.2MB.max=0", "hugetlb.2MB.rsvd.max?=0", "hugetlb.1GB.max=max", "hugetlb.1GB.rsvd.max?=max"],
    ],
    [
      "io",
      { ioWeight: 10_000, deviceLimits: [{ device: "8:0", readBytes: 1000, writeOperations: "max" }] },
      ["blkio.bfq.weight=1000", "blkio.throttle.read_bps_device=8:0 1000", "blkio.throttle.write_iops_device=8:0 0"],
      ["io.weight=default 10000", "io.max=8:0 rbps=1000 wiops=max"],
    ],
    ["nothing", {}, [], []],
  ])("of %s are written in the kernel's words and order", (_name, resources, v1, v2) => {
    expect([writes(1, resources), writes(2, resources)]).toEqual([v1, v2]);
  });

  it("keep the half of cpu.max that is not named", () => {
    expect(writes(2, { cpuPeriodMicros: 20_000 }, { "cpu.max": "5000 100000\n" })).toEqual(["cpu.max=5000 20000"]);
    expect(writes(2, { cpuQuotaMicros: 7000 }, { "cpu.max": "max 20000\n" })).toEqual(["cpu.max=7000 20000"]);
  });

  it("of v1 raise the limit of memory and swap before that of memory, because the kernel refuses the other order", () => {
    const resources = { memoryBytes: 200, swapBytes: 0 };
    const [both, memory] = ["memory.memsw.limit_in_bytes?=200", "memory.limit_in_bytes=200"];
    expect(writes(1, resources, { "memory.memsw.limit_in_bytes": "100\n" })).toEqual([both, memory]);
    expect(writes(1, { memoryBytes: "max" }, { "memory.memsw.limit_in_bytes": "100\n" })[0]).toBe("memory.memsw.limit_in_bytes?=-1");
    expect(writes(1, resources, { "memory.memsw.limit_in_bytes": "300\n" })).toEqual([memory, both]);
    expect(writes(1, resources, { "memory.memsw.limit_in_bytes": "9223372036854771712\n" })).toEqual([memory, both]);
  });

  it("go to the disks' own scheduler where it has a file", () => {
    const bfq = { "io.bfq.weight": "default 100\n" };
    expect([1, 100, 1090, 10_000].flatMap((ioWeight) => writes(2, { ioWeight }, bfq))).toEqual([
      "io.bfq.weight=1",
      "io.bfq.weight=100",
      "io.bfq.weight=190",
      "io.bfq.weight=1000",
    ]);
    expect(parsed(2, bfq)).toEqual({ ioWeight: 100 });
  });

  it("of v1 are read back", () => {
    expect(
      parsed(1, {
        "cpu.shares": "512\n",
        "cpu.cfs_quota_us": "-1\n",
        "cpu.cfs_period_us": "100000\n",
        "cpuset.cpus": "0-3\n",
        "cpuset.mems": "\n",
        "memory.limit_in_bytes": "100\n",
        "memory.memsw.limit_in_bytes": "150\n",
        "memory.soft_limit_in_bytes": "9223372036854771712\n",
        "pids.max": "max\n",
        "hugetlb.2MB.limit_in_bytes": "0\n",
        "blkio.bfq.weight": "1000\n",
        "blkio.throttle.read_bps_device": "8:0 1000\n8:16 5\n",
        "blkio.throttle.write_iops_device": "8:0 7\n",
      }),
    ).toEqual({
      cpuShares: 512,
      cpuQuotaMicros: "max",
      cpuPeriodMicros: 100_000,
      cpus: "0-3",
      memoryBytes: 100,
      swapBytes: 50,
      memoryLowBytes: "max",
      tasks: "max",
      hugePageBytes: { "2MB": 0 },
      ioWeight: 10_000,
      deviceLimits: [
        { device: "8:0", readBytes: 1000, writeOperations: 7 },
        { device: "8:16", readBytes: 5 },
      ],
    });
  });

  it("of v2 are read back, and 2^64-1 is no limit", () => {
    expect(
      parsed(2, {
        "cpu.weight": "100\n",
        "cpu.max": "max 100000\n",
        "memory.max": "18446744073709551615\n",
        "memory.swap.max": "0\n",
        "memory.low": "4096\n",
        "pids.max": "12\n",
        "hugetlb.1GB.max": "max\n",
        "io.weight": "default 200\n8:0 50\n",
        "io.max": "8:0 rbps=1000 wbps=max riops=max wiops=5\n",
      }),
    ).toEqual({
      cpuShares: 2597,
      cpuQuotaMicros: "max",
      cpuPeriodMicros: 100_000,
      memoryBytes: "max",
      swapBytes: 0,
      memoryLowBytes: 4096,
      tasks: 12,
      hugePageBytes: { "1GB": "max" },
      ioWeight: 200,
      deviceLimits: [{ device: "8:0", readBytes: 1000, writeBytes: "max", readOperations: "max", writeOperations: 5 }],
    });
  });

  it("that are garbage, or not there, are absent", () => {
    expect(parsed(1, {})).toEqual({});
    expect(parsed(2, { "cpu.max": "x y\n", "cpu.weight": "?\n", "memory.max": "-5\n", "pids.max": "\n", "io.max": "a:b c\n" })).toEqual({});
  });
});

describe("shares and weights", () => {
  it.each([
    [0, 1],
    [2, 1],
    [102, 17],
    [1024, 100],
    [262_144, 10_000],
  ])("%d shares are a weight of %d", (shares, weight) => expect(computeCpuWeight(shares)).toBe(weight));

  it("keep their order and their ends", () => {
    for (let shares = 2; shares < 262_144; shares *= 2) expect(computeCpuWeight(shares * 2)).toBeGreaterThan(computeCpuWeight(shares));
    expect([computeCpuShares(1), computeCpuShares(10_000)]).toEqual([2, 262_144]);
  });
});
