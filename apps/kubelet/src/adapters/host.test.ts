import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readHostFacts } from "./host.ts";

let root = "";

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "nk-host-"));
  const folders = [
    "proc",
    "sys/fs/cgroup/memory",
    "sys/kernel/mm/hugepages/hugepages-1048576kB",
    "sys/kernel/mm/hugepages/hugepages-2048kB",
  ];
  for (const path of [
    ...folders,
    "sys/devices/system/cpu/cpu10/thermal_throttle",
    "sys/devices/system/cpu/cpu2/thermal_throttle",
    "sys/devices/system/cpu/cpufreq",
  ]) {
    await mkdir(join(root, path), { recursive: true });
  }
  await writeFile(join(root, "proc/meminfo"), "MemTotal:       24604416 kB\nSwapTotal:             4 kB\n");
  await writeFile(join(root, "proc/cpuinfo"), "processor\t: 0\n\nprocessor\t: 1\n");
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

describe("facts about the host", () => {
  it("are read on a cgroup v1 machine", () => {
    expect(readHostFacts({ root, diskPath: root })).toMatchObject({
      memoryCapacityBytes: 24604416n * 1024n,
      swapCapacityBytes: 4096n,
      hugePageSizesBytes: [2n * 1024n * 1024n, 1024n * 1024n * 1024n],
      cgroupVersion: 1,
      swapControllerAvailable: false,
      selinuxEnabled: false,
      isAppArmorEnabled: false,
      maskedThermalPaths: ["/sys/devices/system/cpu/cpu2/thermal_throttle", "/sys/devices/system/cpu/cpu10/thermal_throttle"],
      cpus: 2,
    });
  });

  it.each([
    ["Y\n", true],
    ["N\n", false],
  ])("tell by %j whether AppArmor is on", async (flag, isOn) => {
    await mkdir(join(root, "sys/module/apparmor/parameters"), { recursive: true });
    await writeFile(join(root, "sys/module/apparmor/parameters/enabled"), flag);
    expect(readHostFacts({ root, diskPath: root }).isAppArmorEnabled).toBe(false);
    await mkdir(join(root, "sys/kernel/security/apparmor"), { recursive: true });
    expect(readHostFacts({ root, diskPath: root }).isAppArmorEnabled).toBe(isOn);
  });

  it("tell cgroup v2 by its controllers file", async () => {
    await writeFile(join(root, "sys/fs/cgroup/cgroup.controllers"), "cpu memory");
    expect(readHostFacts({ root, diskPath: root }).cgroupVersion).toBe(2);
  });
});
