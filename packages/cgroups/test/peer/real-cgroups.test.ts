import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createCgroups } from "../../src/index.ts";

const isRoot = process.getuid?.() === 0 && existsSync("/sys/fs/cgroup");

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
});
