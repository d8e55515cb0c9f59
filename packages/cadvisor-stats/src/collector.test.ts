import { cpSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock } from "@nk/stdx/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Collector, CollectorOptions } from "./collector.ts";
import { createCollector } from "./collector.ts";
import { isCadvisorStatsError } from "./errors.ts";

const fixtures = join(import.meta.dirname, "../test/fixtures");
const procRoot = join(fixtures, "proc");
const POD = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice";
const CONTAINER = `${POD}/cri-containerd-abc.scope`;

let scratch: string;
const open = new Set<Collector>();

const create = (cgroupRoot: string, options: CollectorOptions = {}): Collector => {
  const collector = createCollector({ cgroupRoot, procRoot, ...options });
  open.add(collector);
  return collector;
};

/** A copy that a test may change. */
const copyOf = (name: string): string => {
  const path = join(scratch, name);
  cpSync(join(fixtures, name), path, { recursive: true, verbatimSymlinks: true });
  return path;
};

const openFiles = (below: string): number =>
  readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(below);
    } catch {
      return false;
    }
  }).length;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "nk-cadvisor-"));
});

afterEach(() => {
  for (const collector of open) collector.close();
  open.clear();
  rmSync(scratch, { recursive: true });
});

describe("a v1 cgroup, captured on a hybrid host", () => {
  it("is read exactly", () => {
    const stats = create(join(fixtures, "v1-hybrid")).read("/fixture-pod/c1");
    expect(stats?.cpu).toEqual({
      usageNanos: 174_351_571n,
      userNanos: 60_000_000n,
      systemNanos: 100_000_000n,
      periods: 10,
      throttledPeriods: 8,
      throttledNanos: 546_719_163n,
      burstPeriods: 0,
      burstNanos: 0n,
      pressure: {
        some: { avg10: 1.81, avg60: 0.32, avg300: 0.06, totalMicros: 209_733 },
        full: { avg10: 1.63, avg60: 0.29, avg300: 0.06, totalMicros: 201_207 },
      },
    });
    expect(stats?.memory).toMatchObject({
      usageBytes: 21_434_368,
      maxUsageBytes: 22_679_552,
      workingSetBytes: 21_434_368 - 21_049_344,
      rssBytes: 184_320,
      cacheBytes: 21_127_168,
      inactiveFileBytes: 21_049_344,
      kernelBytes: 122_880,
      pageFaults: 1232,
      majorPageFaults: 2,
    });
    expect(stats?.limits).toEqual({ cpuShares: 512, cpuPeriodMicros: 100_000, cpuQuotaMicros: 20_000, memoryBytes: 64_000_000, tasks: 50 });
    expect([stats?.tasks, stats?.processes, stats?.io?.devices]).toEqual([2, { processes: 2, fileDescriptors: 0, sockets: 0 }, []]);
  });

  it("is listed with its parents, in whichever tree it lies", async () => {
    const root = copyOf("v1-hybrid");
    mkdirSync(join(root, "memory/memory-only"));
    writeFileSync(join(root, "memory/memory-only/memory.usage_in_bytes"), "4096\n");
    const collector = create(root);
    expect(collector.list()).toEqual(["/", "/fixture-pod", "/fixture-pod/c1", "/memory-only"]);
    const { cgroups, cgroupVersion } = await collector.collect();
    expect(cgroupVersion).toBe(1);
    expect([...cgroups.keys()]).toEqual(collector.list());
    expect(cgroups.get("/memory-only")?.cpu).toBeUndefined();
    expect(cgroups.get("/memory-only")?.memory?.workingSetBytes).toBe(4096);
  });

  it("has the machine's memory as the root's limit, and the machine's network", () => {
    const stats = create(join(fixtures, "v1-hybrid")).read("/");
    expect(stats?.limits.memoryBytes).toBe(24_683_660 * 1024);
    expect(stats?.network?.interfaces.map(({ name }) => name)).toEqual(["ifb0", "ifb1", "eth0"]);
    expect(stats?.createdAtMs).toBeGreaterThan(1_700_000_000_000);
  });
});

describe("a v1 host of the odd kind: controllers mounted together, no hierarchy, no swap accounting", () => {
  it("is read, and 2^64-1 is no limit", () => {
    const stats = create(join(fixtures, "v1-comounted")).read("/docker/abc");
    expect(stats?.cpu).toMatchObject({ usageNanos: 7_000_000_000n, userNanos: 5_000_000_000n });
    expect(stats?.cpu?.pressure).toBeUndefined();
    expect(stats?.memory).toMatchObject({ workingSetBytes: 40_000_000, cacheBytes: 30_000_000, maxUsageBytes: 0, swapBytes: 0 });
    expect(stats?.limits).toEqual({ cpuShares: 1024, cpuPeriodMicros: 100_000 });
    expect(stats?.io?.devices).toEqual([
      {
        major: 254,
        minor: 0,
        device: "/dev/vda",
        bytes: { read: 4096n, write: 8192n, sync: 4096n, async: 8192n, discard: 0n, total: 12_288n },
        operations: { read: 1n, write: 2n, sync: 1n, async: 2n, discard: 0n, total: 3n },
      },
    ]);
  });
});

describe("a v2 cgroup", () => {
  it("is read, and 2^64-1 is no limit", () => {
    const stats = create(join(fixtures, "v2")).read(CONTAINER);
    expect(stats?.cpu).toMatchObject({
      usageNanos: 2_500_000_000n,
      throttledNanos: 1_500_000_000n,
      burstPeriods: 3,
      pressure: { full: { totalMicros: 250_000 } },
    });
    expect(stats?.memory).toMatchObject({
      usageBytes: 31_457_280,
      workingSetBytes: 23_068_672,
      kernelBytes: 1_048_576,
      swapBytes: 4096,
      limitHits: 17,
      oomKills: 1,
    });
    expect(stats?.limits).toEqual({
      cpuShares: 500,
      cpuPeriodMicros: 100_000,
      cpuQuotaMicros: 50_000,
      memoryBytes: 67_108_864,
      swapBytes: 0,
      memoryReservationBytes: 0,
    });
    expect(stats?.io?.devices.map(({ device, bytes }) => [device, bytes.read, bytes.write])).toEqual([
      ["", 4096n, 8192n],
      ["", 1n, 0n],
    ]);
  });

  it("of the root is made up from what the kernel tells", () => {
    const stats = create(join(fixtures, "v2")).read("/");
    expect(stats?.memory).toMatchObject({ usageBytes: 6_000_000, workingSetBytes: 2_000_000, swapBytes: 0 });
    expect(stats?.tasks).toBeGreaterThan(0);
    expect(stats?.limits.memoryBytes).toBe(24_683_660 * 1024);
  });

  it("of an old kernel lacks what that kernel does not tell; a working set is never below zero", () => {
    const stats = create(join(fixtures, "v2-old-kernel")).read("/app");
    expect(stats?.memory).toMatchObject({ usageBytes: 12_288, workingSetBytes: 0, maxUsageBytes: 0, swapBytes: 0 });
    expect([stats?.io, stats?.tasks, stats?.cpu?.pressure, stats?.memory?.pressure]).toEqual([undefined, undefined, undefined, undefined]);
    expect(stats?.limits).toEqual({ cpuPeriodMicros: 100_000 });
  });
});

describe("a host with v1 trees whose controllers are all in the v2 tree beside them", () => {
  it("is read as v2", async () => {
    mkdirSync(join(scratch, "systemd"));
    writeFileSync(join(scratch, "systemd/cgroup.procs"), "");
    cpSync(join(fixtures, "v2"), join(scratch, "unified"), { recursive: true });
    const { cgroupVersion, cgroups } = await create(scratch).collect({ paths: [CONTAINER] });
    expect([cgroupVersion, cgroups.get(CONTAINER)?.memory?.usageBytes]).toEqual([2, 31_457_280]);
  });
});

describe("a cgroup that vanishes", () => {
  it.each(["v1-hybrid", "v2-old-kernel"])("between two collections is left out, without an error: %s", async (name) => {
    const root = copyOf(name);
    const path = name === "v2-old-kernel" ? "/app" : "/fixture-pod/c1";
    const collector = create(root);
    expect((await collector.collect()).cgroups.has(path)).toBe(true);
    for (const tree of name === "v2-old-kernel" ? [""] : readdirSync(root))
      rmSync(join(root, tree, path), { recursive: true, force: true });
    // A kept file of a real cgroup answers ENODEV; of a copy only closing it shows that it is gone.
    collector.close();
    expect((await collector.collect({ paths: [path, "/"] })).cgroups.has(path)).toBe(false);
    expect(collector.read(path)).toBeUndefined();
  });

  it("was never there", async () => {
    const collector = create(join(fixtures, "v2"));
    expect((await collector.collect({ paths: ["/absent", "/../../etc"] })).cgroups.size).toBe(0);
  });

  it("has its files closed, as has one that nobody asks for any more", async () => {
    const root = copyOf("v2");
    const collector = create(root, { idleCollections: 2 });
    await collector.collect();
    const before = openFiles(root);
    expect(before).toBeGreaterThan(60);
    await collector.collect({ paths: ["/"] });
    expect(openFiles(root)).toBe(before);
    await collector.collect({ paths: ["/"] });
    expect(openFiles(root)).toBeLessThan(12);
    collector.close();
    expect(openFiles(root)).toBe(0);
  });

  it("has its files closed when nobody asks for it any more, also by whoever reads one at a time", () => {
    const root = copyOf("v2");
    const collector = create(root, { idleCollections: 2 });
    collector.read(CONTAINER);
    expect(openFiles(join(root, CONTAINER))).toBeGreaterThan(10);
    for (let time = 0; time < 6; time += 1) collector.read("/");
    expect(openFiles(join(root, CONTAINER))).toBe(0);
    expect(openFiles(root)).toBeGreaterThan(0);
  });
});

describe("garbage in files", () => {
  it("is no value, and no error", () => {
    const root = copyOf("v2");
    for (const [file, text] of [
      ["memory.current", "12x\n"],
      ["memory.stat", "\u0000\u00ff\nanon\nfile -5\ninactive_file 1e400\npgfault 7 8\n"],
      ["cpu.stat", "usage_usec\nuser_usec x\n"],
      ["cpu.max", "nonsense"],
      ["pids.max", "-1\n"],
      ["io.stat", "8:0 rbytes= wbytes=z rios\nx:y rbytes=1\n\n8:1 rbytes=5\n"],
      ["cpu.pressure", "some avg10=a\n"],
      ["memory.max", "99999999999999999999999999\n"],
      ["cgroup.procs", "12\nx\n"],
    ] as const)
      writeFileSync(join(root, CONTAINER, file), text);
    const stats = create(root).read(CONTAINER);
    expect(stats?.cpu).toBeUndefined();
    expect(stats?.memory).toMatchObject({ usageBytes: 0, rssBytes: 0, pageFaults: 7, workingSetBytes: 0 });
    expect(stats?.limits).toEqual({ cpuShares: 500, swapBytes: 0, memoryReservationBytes: 0 });
    expect(stats?.io?.devices.map(({ minor, bytes }) => [minor, bytes.read])).toEqual([
      [0, 0n],
      [1, 5n],
    ]);
    expect(stats?.processes?.processes).toBe(1);
  });

  it("in place of cgroups is a typed error", () => {
    for (const root of [scratch, join(scratch, "absent"), join(fixtures, "ORIGIN.md")]) {
      let thrown: unknown;
      try {
        create(root).read("/");
      } catch (error) {
        thrown = error;
      }
      expect(isCadvisorStatsError(thrown) && thrown.code).toBe("not-mounted");
    }
  });
});

describe("a collection", () => {
  it("lets the event loop turn between slices, and stops when it is aborted there", async () => {
    const clock = createFakeClock();
    const collector = create(join(fixtures, "v2"), { clock, readsPerSlice: 1 });
    const controller = new AbortController();
    const collecting = collector.collect({ signal: controller.signal });
    await Promise.resolve();
    await Promise.resolve();
    controller.abort(new Error("enough"));
    await expect(collecting).rejects.toThrow("enough");
    await expect(create(join(fixtures, "v2")).collect({ signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
  });

  it("keeps no more files open than allowed, and reads the same", async () => {
    const root = copyOf("v2");
    const [few, many] = await Promise.all([create(root, { maxOpenFiles: 5 }).collect(), create(root).collect()]);
    const values = (snapshot: typeof few): unknown =>
      [...snapshot.cgroups.values()].map(({ cpu, memory, limits }) => [cpu, memory, limits]);
    expect(values(few)).toEqual(values(many));
  });

  it("waits for the one before, and is not spoilt by its failure", async () => {
    const collector = create(join(fixtures, "v2"));
    const failing = collector.collect({ signal: AbortSignal.abort(new Error("no")) });
    const next = collector.collect({ paths: ["/"] });
    await expect(failing).rejects.toThrow("no");
    expect((await next).cgroups.size).toBe(1);
  });

  it("reads the network of a process once for all that share it", async () => {
    const { cgroups } = await create(join(fixtures, "v2"), { procRoot: "/proc" }).collect({
      paths: [POD, CONTAINER],
      networkPids: new Map([
        [POD, process.pid],
        [CONTAINER, process.pid],
      ]),
    });
    const [pod, container] = [cgroups.get(POD)?.network, cgroups.get(CONTAINER)?.network];
    expect(pod?.namespace).toMatch(/^\d+$/);
    expect(container).toBe(pod);
  });
});
