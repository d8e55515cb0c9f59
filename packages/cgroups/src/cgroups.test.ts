import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CgroupsOptions } from "./cgroups.ts";
import { createCgroups } from "./cgroups.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "nk-cgroups-"));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

/** Files by path below the root; a directory is made for each. */
const lay = async (files: { readonly [path: string]: string }): Promise<void> => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), text);
  }
};

const V1 = {
  "cpu,cpuacct/cgroup.procs": "1\n",
  "memory/cgroup.procs": "1\n",
  "cpuset/cgroup.procs": "1\n",
  "cpuset/cpuset.cpus": "0-1\n",
  "cpuset/cpuset.mems": "0\n",
};
const V2 = { "cgroup.controllers": "cpuset cpu io memory pids\n", "cgroup.subtree_control": "cpu\n", "cgroup.procs": "1\n" };

const create = (options: CgroupsOptions = {}) => createCgroups({ root, ...options });

/** A clock on which every sleep is over at once. */
const impatientClock = () => ({ ...createFakeClock(), sleep: () => Promise.resolve() });

describe("layout", () => {
  it("tells v1, hybrid and v2 apart and counts a linked tree once", async () => {
    await expect(create().layout()).rejects.toMatchObject({ code: "not-mounted" });
    await lay(V1);
    await symlink("cpu,cpuacct", join(root, "cpu"));
    await symlink("gone", join(root, "dangling"));
    const v1 = await create().layout();
    expect([v1.version, v1.hierarchies.map(({ controllers }) => controllers.join())]).toEqual(["v1", ["cpu,cpuacct", "cpuset", "memory"]]);
    await lay({ "unified/cgroup.controllers": "" });
    expect((await create().layout()).version).toBe("hybrid");
    await lay(V2);
    expect((await create().layout()).version).toBe("v2");
  });

  it.each([
    ["v1", V1, 1],
    ["hybrid", { ...V1, "unified/cgroup.controllers": "" }, 1],
    ["v2", V2, 2],
  ])("is told of as a metric once it is known: %s", async (_name, files, version) => {
    await lay(files);
    const metrics = createRecordingMetrics();
    const cgroups = create({ metrics });
    expect(metrics.value("kubelet_cgroup_version")).toBe(0);
    await cgroups.layout();
    expect(metrics.value("kubelet_cgroup_version")).toBe(version);
  });

  it("is looked for again after a failure", async () => {
    const cgroups = create();
    await expect(cgroups.ensure("/a")).rejects.toMatchObject({ code: "not-mounted" });
    await lay(V2);
    expect((await cgroups.layout()).version).toBe("v2");
  });
});

describe("ensure", () => {
  it("makes the cgroup in every v1 tree and fills an empty cpuset from its parent", async () => {
    await lay({ ...V1, "cpuset/kubepods/cpuset.cpus": "\n", "cpuset/kubepods/cpuset.mems": "", "cpuset/kubepods/pod1/cpuset.cpus": "1\n" });
    await lay({ "cpuset/kubepods/pod1/cpuset.mems": "" });
    const metrics = createRecordingMetrics();
    await create({ metrics }).ensure("/kubepods/pod1");
    expect(await readdir(join(root, "memory/kubepods"))).toEqual(["pod1"]);
    expect(await readdir(join(root, "cpu,cpuacct/kubepods"))).toEqual(["pod1"]);
    const read = (path: string): Promise<string> => readFile(join(root, "cpuset/kubepods", path), "utf8");
    expect([await read("cpuset.cpus"), await read("pod1/cpuset.cpus"), await read("pod1/cpuset.mems")]).toEqual(["0-1\n", "1\n", "0\n"]);
    expect(metrics.observations("kubelet_cgroup_manager_duration_seconds", { operation_type: "create" })).toHaveLength(1);
  });

  it("enables in every v2 parent what that parent has", async () => {
    await lay({ ...V2, "kubepods/cgroup.controllers": "memory pids", "kubepods/cgroup.subtree_control": "" });
    await create().ensure("/kubepods/pod1");
    await create().ensure("/kubepods/pod1");
    expect(await readdir(join(root, "kubepods/pod1"))).toEqual([]);
    // Each write enables one more in a real file; in this one the last stays.
    expect(await readFile(join(root, "cgroup.subtree_control"), "utf8")).toBe("+pids");
    expect(await readFile(join(root, "kubepods/cgroup.subtree_control"), "utf8")).toBe("+pids");
  });

  it.each(["", "/", "kubepods", "/a/../b", "/.."])("refuses the path %j", async (path) => {
    await lay(V2);
    for (const call of [create().ensure(path), create().remove(path), create().kill(path), create().pids(path)])
      await expect(call).rejects.toMatchObject({ code: "invalid-path" });
  });
});

describe("ensure in a parent that it made before", () => {
  it("makes only the cgroup itself, and the parent again when that is gone", async () => {
    await lay({ ...V2, "kubepods/cgroup.controllers": "memory", "kubepods/cgroup.subtree_control": "" });
    const cgroups = create();
    await cgroups.ensure("/kubepods/pod1");
    await rm(join(root, "kubepods/cgroup.subtree_control"));
    await cgroups.ensure("/kubepods/pod2");
    expect((await readdir(join(root, "kubepods"))).toSorted()).toEqual(["cgroup.controllers", "pod1", "pod2"]);
    await rm(join(root, "kubepods"), { recursive: true });
    // In a directory that is no cgroup its files do not appear by themselves: it shows that the whole way is gone.
    await expect(cgroups.ensure("/kubepods/pod3")).rejects.toMatchObject({ code: "failed" });
  });

  it("fills the cpuset of each", async () => {
    await lay({ ...V1, "cpuset/kubepods/cpuset.cpus": "1\n", "cpuset/kubepods/cpuset.mems": "0\n" });
    await lay({ "cpuset/kubepods/pod2/cpuset.cpus": "", "cpuset/kubepods/pod2/cpuset.mems": "" });
    await lay({ "cpuset/kubepods/pod1/cpuset.cpus": "", "cpuset/kubepods/pod1/cpuset.mems": "" });
    const cgroups = create();
    await cgroups.ensure("/kubepods/pod1");
    await cgroups.ensure("/kubepods/pod2");
    expect(await readFile(join(root, "cpuset/kubepods/pod2/cpuset.cpus"), "utf8")).toBe("1\n");
  });
});

describe("destroy", () => {
  it("removes what is empty without looking for processes, and says whether there was anything", async () => {
    await lay(V1);
    await mkdir(join(root, "memory/a"));
    const cgroups = create();
    expect(await cgroups.destroy("/a")).toBe(true);
    expect(await readdir(join(root, "memory"))).toEqual(["cgroup.procs"]);
    expect(await cgroups.destroy("/a")).toBe(false);
  });

  it("kills what is in it first, and gives up on what does not go", async () => {
    await lay({ ...V1, "memory/a/cgroup.procs": "30\n" });
    const killed: number[] = [];
    const killProcess = (pid: number): void => {
      killed.push(pid);
      rmSync(join(root, "memory/a/cgroup.procs"));
    };
    expect(await create({ clock: impatientClock(), killProcess }).destroy("/a")).toBe(true);
    expect(killed).toEqual([30]);
    await lay({ "memory/a/cgroup.procs": "31\n" });
    const stubborn = create({ clock: impatientClock(), maxAttempts: 2, killProcess: () => {} });
    await expect(stubborn.destroy("/a")).rejects.toMatchObject({ code: "busy" });
  });
});

describe("pids", () => {
  it("are those of the whole tree, in any hierarchy, each once", async () => {
    await lay({ ...V1, "memory/a/cgroup.procs": "30\n4\n", "memory/a/b/cgroup.procs": "5\n", "cpuset/a/cgroup.procs": "4\n6\n" });
    expect(await create().pids("/a")).toEqual([4, 5, 6, 30]);
    expect(await create().pids("/absent")).toEqual([]);
  });
});

describe("kill", () => {
  it("kills one by one under v1, and never itself or pid 1", async () => {
    await lay({ ...V1, "memory/a/cgroup.procs": `1\n${process.pid}\n30\n`, "memory/a/b/cgroup.procs": "5\n" });
    const killed: number[] = [];
    const cgroups = create({ clock: impatientClock(), maxAttempts: 3, killProcess: (pid) => killed.push(pid) });
    await expect(cgroups.kill("/a")).rejects.toMatchObject({ code: "busy", details: { path: "/a" } });
    expect(killed).toEqual([5, 30, 5, 30, 5, 30]);
  });

  it("uses cgroup.kill under v2 and is over when nobody is left", async () => {
    await lay({ ...V2, "a/cgroup.procs": "30\n", "a/cgroup.kill": "" });
    const sleep = () => writeFile(join(root, "a/cgroup.procs"), "");
    const cgroups = create({
      clock: { ...createFakeClock(), sleep },
      killProcess: () => {
        throw new Error("unexpected");
      },
    });
    await cgroups.kill("/a");
    expect(await readFile(join(root, "a/cgroup.kill"), "utf8")).toBe("1");
    await cgroups.kill("/absent");
  });

  it("stops when it is aborted", async () => {
    await lay({ ...V1, "memory/a/cgroup.procs": "30\n" });
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(create({ killProcess: () => undefined }).kill("/a", { signal })).rejects.toThrow("enough");
  });
});

describe("remove", () => {
  it("removes children before parents in every tree, and nothing twice", async () => {
    await lay(V1);
    await mkdir(join(root, "memory/kubepods/pod1/c1/d"), { recursive: true });
    await mkdir(join(root, "cpuset/kubepods/pod1/c2"), { recursive: true });
    await create().remove("/kubepods/pod1");
    await create().remove("/kubepods/pod1");
    expect([await readdir(join(root, "memory/kubepods")), await readdir(join(root, "cpuset/kubepods"))]).toEqual([[], []]);
  });

  it("never removes a file, and gives up after its attempts", async () => {
    await lay({ ...V1, "memory/a/b/file": "kept" });
    await expect(create({ clock: impatientClock() }).remove("/a")).rejects.toMatchObject({ code: "busy" });
    expect(await readFile(join(root, "memory/a/b/file"), "utf8")).toBe("kept");
  });
});

describe("listPods", () => {
  it("finds pods of every class in any tree", async () => {
    await lay(V1);
    for (const path of [
      "memory/kubepods/podg",
      "memory/kubepods/burstable/podb-1",
      "cpuset/kubepods/besteffort/podx",
      "cpuset/kubepods/podg",
    ])
      await mkdir(join(root, path), { recursive: true });
    expect((await create().listPods({ driver: "cgroupfs" })).toSorted((a, b) => (a.uid < b.uid ? -1 : 1))).toEqual([
      { uid: "b-1", qosClass: "Burstable", path: "/kubepods/burstable/podb-1" },
      { uid: "g", qosClass: "Guaranteed", path: "/kubepods/podg" },
      { uid: "x", qosClass: "BestEffort", path: "/kubepods/besteffort/podx" },
    ]);
  });

  it("finds systemd's slices", async () => {
    await lay(V2);
    await mkdir(join(root, "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda1_b2.slice"), { recursive: true });
    expect(await create().listPods({ driver: "systemd" })).toEqual([
      { uid: "a1-b2", qosClass: "Burstable", path: "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda1_b2.slice" },
    ]);
  });
});
