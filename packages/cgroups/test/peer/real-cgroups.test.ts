import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createCgroups } from "../../src/index.ts";

const isRoot = process.getuid?.() === 0 && existsSync("/sys/fs/cgroup");

/** Where a v2 tree is: the only one, or that beside v1's. */
const v2Root = existsSync("/sys/fs/cgroup/cgroup.controllers") ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";

describe.skipIf(!isRoot)("on the kernel's own cgroups (needs root)", () => {
  it("makes a cgroup a process can enter, kills what is in it, and leaves nothing behind", async () => {
    const top = `/nk-peer-${process.pid}`;
    const pod = `${top}/kubepods/besteffort/podpeer`;
    const cgroups = createCgroups();
    const { version, hierarchies } = await cgroups.layout();
    const child = spawn("sleep", ["600"]);
    try {
      await cgroups.ensure(`${pod}/inner`);
      for (const { mountPoint, controllers } of hierarchies) {
        await writeFile(join(mountPoint, pod, "inner/cgroup.procs"), String(child.pid));
        if (controllers.includes("cpuset"))
          expect(await readFile(join(mountPoint, pod, "cpuset.cpus"), "utf8")).toBe(
            await readFile(join(mountPoint, "cpuset.cpus"), "utf8"),
          );
      }
      expect(await cgroups.pids(pod)).toEqual([child.pid]);
      expect(await cgroups.listPods({ driver: "cgroupfs", cgroupRoot: top })).toEqual([{ uid: "peer", qosClass: "BestEffort", path: pod }]);
      const isInUse = createCgroups({ maxAttempts: 1 }).remove(pod);
      await expect(isInUse).rejects.toMatchObject({ code: "busy" });
      const exit = once(child, "exit");
      await cgroups.kill(pod);
      expect((await exit)[1]).toBe("SIGKILL");
    } finally {
      child.kill("SIGKILL");
      await cgroups.remove(top);
    }
    expect(hierarchies.filter(({ mountPoint }) => existsSync(join(mountPoint, top)))).toEqual([]);
    expect(["v1", "v2", "hybrid"]).toContain(version);
  });

  it("limits, freezes and thaws a process, and reads back what it set", async () => {
    const path = `/nk-limits-${process.pid}`;
    const cgroups = createCgroups();
    const child = spawn("sh", ["-c", "while :; do :; done"]);
    const cpuTicks = async (): Promise<number> => {
      const fields = (await readFile(`/proc/${child.pid}/stat`, "utf8")).split(" ");
      return Number(fields[13]) + Number(fields[14]);
    };
    try {
      await cgroups.ensure(path);
      const wanted = { cpuShares: 512, cpuQuotaMicros: 20_000, cpuPeriodMicros: 100_000, memoryBytes: 64 * 2 ** 20, tasks: 20, cpus: "0" };
      await cgroups.apply(path, wanted);
      const found = await cgroups.read(path);
      expect(found).toMatchObject({ ...wanted, cpuShares: expect.any(Number) as number });
      // Raised and lifted again: v1 minds the order of memory and swap.
      await cgroups.apply(path, { memoryBytes: 128 * 2 ** 20, swapBytes: 0 });
      await cgroups.apply(path, { memoryBytes: "max", cpuQuotaMicros: "max" });
      expect(await cgroups.read(path)).toMatchObject({ memoryBytes: "max", cpuQuotaMicros: "max", tasks: 20 });

      await cgroups.attach(path, child.pid ?? 0);
      expect(await cgroups.pids(path)).toEqual([child.pid]);
      await expect(cgroups.attach(path, 4_000_000)).rejects.toMatchObject({ code: "not-found" });
      await cgroups.freeze(path);
      const frozenAt = await cpuTicks();
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await cpuTicks()).toBe(frozenAt);
      await cgroups.thaw(path);
      await expect.poll(cpuTicks).toBeGreaterThan(frozenAt);
      // Under v1 a frozen process does not end before it is thawed.
      await cgroups.freeze(path);
      expect(await cgroups.destroy(path)).toBe(true);
      expect(await cgroups.read(path)).toEqual({});
    } finally {
      child.kill("SIGKILL");
      await cgroups.destroy(path);
    }
  });

  it.skipIf(!existsSync(v2Root))("does all that needs no controller in a v2 tree, a hybrid host's too", async () => {
    const path = `/nk-v2-${process.pid}`;
    const cgroups = createCgroups({ root: v2Root });
    expect((await cgroups.layout()).version).toBe("v2");
    const child = spawn("sh", ["-c", "sleep 600 & wait"]);
    const exit = once(child, "exit");
    try {
      await cgroups.ensure(`${path}/inner`);
      // What no v1 tree has taken is here.
      if ((await readFile(join(v2Root, "cgroup.controllers"), "utf8")).includes("hugetlb")) {
        await cgroups.apply(path, { hugePageBytes: { "2MB": 4 * 2 ** 20 } });
        expect((await createCgroups().read(path)).hugePageBytes).toMatchObject({ "2MB": 4 * 2 ** 20 });
      }
      await cgroups.attach(`${path}/inner`, child.pid ?? 0);
      await cgroups.freeze(path);
      expect(await readFile(join(v2Root, path, "cgroup.events"), "utf8")).toContain("frozen 1");
      // cgroup.kill ends frozen ones, too.
      await cgroups.kill(path);
      expect((await exit)[1]).toBe("SIGKILL");
      await cgroups.thaw(path);
    } finally {
      child.kill("SIGKILL");
      await cgroups.destroy(path);
    }
    expect(existsSync(join(v2Root, path))).toBe(false);
  });
});
