import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock } from "@nk/stdx/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Cgroups } from "./cgroups.ts";
import { createCgroups } from "./cgroups.ts";
import type { CgroupResources } from "./resources.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "nk-settings-"));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

const lay = async (files: { readonly [path: string]: string }): Promise<void> => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), text);
  }
};

const text = (path: string): Promise<string> => readFile(join(root, path), "utf8");

const create = (sleep: () => Promise<void> = () => Promise.resolve()): Cgroups =>
  createCgroups({ root, maxAttempts: 3, clock: { ...createFakeClock(), sleep } });

const V1 = {
  "cpu,cpuacct/cgroup.procs": "",
  "memory/cgroup.procs": "",
  "freezer/cgroup.procs": "",
  "unified/cgroup.controllers": "",
  "unified/cgroup.procs": "",
};
const V2 = { "cgroup.controllers": "cpu memory\n", "cgroup.subtree_control": "cpu memory\n", "cgroup.procs": "" };

describe("apply", () => {
  it("writes to each controller's own tree, and reads it back (hybrid)", async () => {
    await lay({ ...V1, "cpu,cpuacct/a/cpu.shares": "1024", "memory/a/memory.limit_in_bytes": "9223372036854771712\n" });
    const cgroups = create();
    await cgroups.apply("/a", { cpuShares: 512, memoryBytes: 4096 });
    expect([await text("cpu,cpuacct/a/cpu.shares"), await text("memory/a/memory.limit_in_bytes")]).toEqual([
      "5124",
      "4096372036854771712\n",
    ]);
    await lay({ "cpu,cpuacct/a/cpu.shares": "512\n", "memory/a/memory.limit_in_bytes": "4096\n" });
    expect(await cgroups.read("/a")).toEqual({ cpuShares: 512, memoryBytes: 4096 });
    expect(await cgroups.read("/absent")).toEqual({});
  });

  it("does without what is the same without: no swap where there is none", async () => {
    await lay({ ...V2, "a/memory.max": "", "a/memory.swap.max.no": "" });
    await create().apply("/a", { memoryBytes: "max", swapBytes: "max" });
    expect(await text("a/memory.max")).toBe("max");
  });

  it.each<[CgroupResources, string]>([
    [{ tasks: 5 }, "controller-missing"],
    [{ swapBytes: 5 }, "controller-missing"],
    [{ tasks: -1 }, "invalid-resources"],
    [{ memoryBytes: Number.NaN }, "invalid-resources"],
    [{ memoryBytes: 2 ** 64 - 1 }, "invalid-resources"],
    [{ cpuQuotaMicros: 999 }, "invalid-resources"],
    [{ cpuPeriodMicros: 1_000_001 }, "invalid-resources"],
    [{ cpus: "0-3\n+memory" }, "invalid-resources"],
    [{ hugePageBytes: { "../x": 1 } }, "invalid-resources"],
    [{ deviceLimits: [{ device: "8:0 rbps=1", readBytes: 1 }] }, "invalid-resources"],
    [{ bogus: 1 } as CgroupResources, "invalid-resources"],
  ])("of %j is refused: %s", async (resources, code) => {
    await lay({ ...V2, "a/cgroup.procs": "" });
    await expect(create().apply("/a", resources)).rejects.toMatchObject({ code, details: { path: "/a" } });
  });

  it("says which controller a v1 host has not mounted", async () => {
    await lay({ "memory/cgroup.procs": "" });
    await expect(create().apply("/a", { tasks: 5 })).rejects.toThrow("apply to cgroup /a: the controller pids is not mounted");
  });

  it("tells what the kernel refused", async () => {
    await lay({ ...V2, "a/cgroup.procs": "" });
    await mkdir(join(root, "a/memory.max"));
    await expect(create().apply("/a", { memoryBytes: 1 })).rejects.toMatchObject({ code: "failed", message: "apply to cgroup /a: EISDIR" });
  });
});

describe("a hybrid host", () => {
  it("has in its v2 tree what no v1 tree has", async () => {
    await lay({ "systemd/cgroup.procs": "", "unified/cgroup.controllers": "memory pids\n", "unified/cgroup.procs": "" });
    await lay({ "unified/a/pids.max": "", "unified/a/cgroup.freeze": "0", "unified/a/cgroup.events": "frozen 1\n" });
    const cgroups = create();
    await cgroups.apply("/a", { tasks: 5 });
    expect(await cgroups.read("/a")).toEqual({ tasks: 5 });
    await cgroups.freeze("/a");
    expect(await text("unified/a/cgroup.freeze")).toBe("1");
  });
});

describe("attach", () => {
  it("writes the process to every tree, and tells a cgroup that is not there", async () => {
    await lay({
      ...V1,
      "cpu,cpuacct/a/cgroup.procs": "",
      "memory/a/cgroup.procs": "",
      "freezer/a/cgroup.procs": "",
      "unified/a/cgroup.procs": "",
    });
    await create().attach("/a", 42);
    expect([await text("memory/a/cgroup.procs"), await text("unified/a/cgroup.procs")]).toEqual(["42", "42"]);
    await expect(create().attach("/b", 42)).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("freeze", () => {
  it("asks a v1 cgroup again while it is freezing", async () => {
    await lay({ ...V1, "freezer/a/freezer.state": "THAWED\n" });
    let asked = 0;
    const sleep = async (): Promise<void> => {
      asked += 1;
      if (asked === 2) await writeFile(join(root, "freezer/a/freezer.state"), "FROZEN\n");
    };
    // In a real file what was written is what is read: it begins with another state.
    await writeFile(join(root, "freezer/a/freezer.state"), "FREEZING\n");
    await create(sleep).freeze("/a");
    expect(asked).toBe(2);
  });

  it("waits for a v2 cgroup's event, and thaws", async () => {
    await lay({ ...V2, "a/cgroup.freeze": "0", "a/cgroup.events": "populated 1\nfrozen 0\n" });
    const cgroups = create(() => writeFile(join(root, "a/cgroup.events"), "populated 1\nfrozen 1\n"));
    await cgroups.freeze("/a");
    expect(await text("a/cgroup.freeze")).toBe("1");
    await expect(create().thaw("/a")).rejects.toMatchObject({ code: "busy" });
    expect(await text("a/cgroup.freeze")).toBe("0");
  });

  it("stops when it is aborted, and tells what is missing", async () => {
    await lay({ ...V2, "a/cgroup.freeze": "0", "a/cgroup.events": "frozen 0\n" });
    await expect(create().freeze("/a", { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    await expect(create().freeze("/absent")).rejects.toMatchObject({ code: "not-found" });
    await rm(root, { recursive: true });
    await lay({ "memory/cgroup.procs": "" });
    await expect(create().freeze("/a")).rejects.toMatchObject({ code: "controller-missing" });
  });
});

describe("ensure", () => {
  it("sets nothing of a cgroup that was there before, and says what a new one cannot have", async () => {
    await lay({ "memory/cgroup.procs": "", "memory/a/memory.limit_in_bytes": "1" });
    const cgroups = create();
    await cgroups.ensure("/a", { memoryBytes: 4096 });
    expect(await text("memory/a/memory.limit_in_bytes")).toBe("1");
    await expect(cgroups.ensure("/b", { memoryBytes: 4096 })).rejects.toMatchObject({ code: "controller-missing" });
  });

  it("leaves no cgroup behind that has not what it should: the next try would take it for whole", async () => {
    await lay({ "memory/cgroup.procs": "" });
    const cgroups = create();
    for (let time = 0; time < 2; time += 1)
      await expect(cgroups.ensure("/old/new", { memoryBytes: 4096 })).rejects.toMatchObject({ code: "controller-missing" });
    expect(await readdir(join(root, "memory/old"))).toEqual([]);
  });
});

describe("memoryUsage", () => {
  it("is what the tree with the memory controller tells", async () => {
    await lay({ ...V1, "memory/a/memory.usage_in_bytes": "8192\n" });
    const cgroups = create();
    expect([await cgroups.memoryUsage("/a"), await cgroups.memoryUsage("/absent")]).toEqual([8192, undefined]);
  });

  it("is the unified tree's on v2", async () => {
    await lay({ ...V2, "a/memory.current": "4096\n" });
    expect(await create().memoryUsage("/a")).toBe(4096);
  });
});
