import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@nk/stdx";
import { ensureDebianPackages } from "@nk/tool-lab";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { computeCpuShares, createCgroups, createSystemd, createSystemdCgroups } from "../../src/index.ts";
import type { Cgroups, Systemd } from "../../src/index.ts";
import { callBus, openBus } from "../../src/systemd/bus.ts";
import { startFakeSystemd } from "../../src/testing/index.ts";
import type { FakeSystemd } from "../../src/testing/index.ts";

const canRun = process.getuid?.() === 0 && existsSync("/usr/bin/dpkg-query");

const POD = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda1_b2.slice";
const UNIT = "kubepods-burstable-poda1_b2.slice";

let dir: string;
let socketPath: string;
let daemon: ChildProcess;
let systemd: Systemd;
let fake: FakeSystemd;
let cgroups: Cgroups;
let root: string;

const startDaemon = async (): Promise<ChildProcess> => {
  const config = join(dir, "bus.conf");
  const policy = '<allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>';
  writeFileSync(
    config,
    `<busconfig><type>session</type><listen>unix:path=${socketPath}</listen><auth>EXTERNAL</auth><policy context="default"><allow user="*"/>${policy}</policy></busconfig>`,
  );
  rmSync(socketPath, { force: true });
  const child = spawn("dbus-daemon", [`--config-file=${config}`, "--nofork", "--print-address=1"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(child.stdout, "data");
  return child;
};

const stopDaemon = async (): Promise<void> => {
  const ended = once(daemon, "exit");
  daemon.kill("SIGKILL");
  await ended;
};

/** A directory with the files a v2 cgroup of systemd has. */
const makeSlice = (path: string): void => {
  mkdirSync(join(root, path), { recursive: true });
  for (const [file, text] of [
    ["cpu.max", "max 100000\n"],
    ["cpu.weight", "100\n"],
    ["memory.max", "max\n"],
    ["pids.max", "max\n"],
  ] as const)
    writeFileSync(join(root, path, file), text);
};

describe.skipIf(!canRun)("systemd over a real dbus-daemon (needs root and Debian, whose dbus-daemon it takes)", () => {
  beforeAll(async () => {
    await ensureDebianPackages(["dbus-daemon"], { yes: true });
  });

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "nk-dbus-"));
    socketPath = join(dir, "bus");
    root = join(dir, "cgroup");
    mkdirSync(root);
    writeFileSync(join(root, "cgroup.controllers"), "cpu memory pids\n");
    writeFileSync(join(root, "cgroup.subtree_control"), "cpu memory pids\n");
    daemon = await startDaemon();
    fake = await startFakeSystemd({
      socketPath,
      onUnit: (what) => (what === "start" ? makeSlice(POD) : rmSync(join(root, POD), { recursive: true })),
    });
    systemd = createSystemd({ socketPath, timeoutMs: 3000 });
    cgroups = createSystemdCgroups({ cgroups: createCgroups({ root }), systemd });
    for (const parent of ["/kubepods.slice", "/kubepods.slice/kubepods-burstable.slice"]) {
      makeSlice(parent);
      for (const file of ["cgroup.controllers", "cgroup.subtree_control"]) writeFileSync(join(root, parent, file), "cpu memory pids\n");
    }
  });

  afterEach(async () => {
    systemd.close();
    fake.close();
    await stopDaemon();
    rmSync(dir, { recursive: true });
  });

  it("makes a slice with all accounting, limits it, and ends it", async () => {
    await cgroups.ensure(POD);
    expect([...fake.units]).toEqual([UNIT]);
    expect(fake.calls[0]).toEqual({
      member: "StartTransientUnit",
      unit: UNIT,
      properties: {
        Description: `cgroup ${UNIT}`,
        Wants: ["kubepods-burstable.slice"],
        CPUAccounting: true,
        MemoryAccounting: true,
        IOAccounting: true,
        TasksAccounting: true,
        DefaultDependencies: false,
      },
    });
    await cgroups.ensure(POD);
    await cgroups.apply(POD, {
      cpuShares: 1024,
      cpuQuotaMicros: 12_345,
      memoryBytes: 2 ** 40,
      swapBytes: undefined as never,
      tasks: "max",
    });
    expect(fake.calls.at(-1)).toEqual({
      member: "SetUnitProperties",
      unit: UNIT,
      properties: { CPUWeight: 100n, CPUQuotaPerSecUSec: 130_000n, MemoryMax: 2n ** 40n, TasksMax: 2n ** 64n - 1n },
    });
    // Beside systemd's rounding the cgroup has the exact quota.
    expect(await cgroups.read(POD)).toEqual({
      cpuShares: computeCpuShares(100),
      cpuQuotaMicros: 12_345,
      cpuPeriodMicros: 100_000,
      memoryBytes: 2 ** 40,
      tasks: "max",
    });
    await cgroups.remove(POD);
    expect([...fake.units]).toEqual([]);
    await cgroups.remove(POD);
    expect(await cgroups.destroy(POD)).toBe(false);
    expect(await systemd.version()).toBe(252);
  });

  it("makes a slice with its limits, which one that was there keeps", async () => {
    await cgroups.ensure(POD, { memoryBytes: 4096, cpuQuotaMicros: 12_345 });
    expect(fake.calls.find(({ member }) => member === "StartTransientUnit")?.properties).toMatchObject({
      MemoryMax: 4096n,
      CPUQuotaPerSecUSec: 130_000n,
    });
    expect(await cgroups.read(POD)).toMatchObject({ memoryBytes: 4096, cpuQuotaMicros: 12_345 });
    await cgroups.ensure(POD, { memoryBytes: 8192 });
    expect(await cgroups.read(POD)).toMatchObject({ memoryBytes: 4096 });
  });

  it("leaves no slice behind that has not what it should", async () => {
    for (let time = 0; time < 2; time += 1) {
      await expect(cgroups.ensure(POD, { hugePageBytes: { "2MB": 0 } })).rejects.toMatchObject({ code: "controller-missing" });
      expect([...fake.units]).toEqual([]);
    }
  });

  it("says what systemd refused, and which job failed", async () => {
    await expect(systemd.setUnitProperties("absent.slice", [])).rejects.toMatchObject({
      code: "systemd-refused",
      details: { errorName: "org.freedesktop.systemd1.NoSuchUnit" },
    });
    fake.endJobsWith("failed");
    await expect(systemd.startTransientUnit("a.slice", [])).rejects.toThrow("StartTransientUnit of a.slice: the job ended with failed");
    fake.endJobsWith();
    fake.refuse("StartTransientUnit", "org.freedesktop.DBus.Error.AccessDenied");
    await expect(systemd.startTransientUnit("a.slice", [])).rejects.toMatchObject({ code: "systemd-refused" });
  });

  it("believes nobody but systemd that a job is over", async () => {
    const forger = await openBus({ socketPath, timeoutMs: 3000, clock: systemClock, onMessage: () => {} });
    const impatient = createSystemd({ socketPath, timeoutMs: 1500 });
    await impatient.version();
    fake.endJobsWith("never");
    const starting = expect(impatient.startTransientUnit("b.slice", [])).rejects.toMatchObject({ code: "deadline-exceeded" });
    await expect.poll(() => fake.calls.length).toBeGreaterThan(0);
    const [names] = await callBus(forger, { member: "ListNames" });
    for (const destination of (names as readonly string[]).filter((name) => name.startsWith(":")))
      forger.send({
        type: 4,
        destination,
        path: "/org/freedesktop/systemd1",
        interface: "org.freedesktop.systemd1.Manager",
        member: "JobRemoved",
        signature: "uoss",
        body: [1, "/org/freedesktop/systemd1/job/1", "b.slice", "done"],
      });
    await starting;
    impatient.close();
    forger.close();
  });

  it("goes on with a systemd that has come back to the bus by another name", async () => {
    expect(await systemd.version()).toBe(252);
    const watcher = await openBus({ socketPath, timeoutMs: 3000, clock: systemClock, onMessage: () => {} });
    fake.close();
    const isThere = { member: "NameHasOwner", signature: "s", body: ["org.freedesktop.systemd1"] };
    await expect.poll(() => callBus(watcher, isThere)).toEqual([false]);
    watcher.close();
    fake = await startFakeSystemd({ socketPath });
    expect(await systemd.startTransientUnit("f.slice", [])).toBe(true);
  });

  it("waits for a job only so long, and stops when it is told to", async () => {
    fake.endJobsWith("never");
    const impatient = createSystemd({ socketPath, timeoutMs: 300 });
    await expect(impatient.startTransientUnit("b.slice", [])).rejects.toMatchObject({ code: "deadline-exceeded" });
    impatient.close();
    const controller = new AbortController();
    const starting = systemd.startTransientUnit("c.slice", [], { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(starting).rejects.toThrow("enough");
  });

  it("fails who waits when the bus dies, and connects anew when it is back", async () => {
    expect(await systemd.version()).toBe(252);
    fake.endJobsWith("never");
    const failing = expect(systemd.startTransientUnit("d.slice", [])).rejects.toMatchObject({ code: "systemd-unreachable" });
    await expect.poll(() => fake.calls.length).toBeGreaterThan(0);
    await stopDaemon();
    await failing;
    await expect(systemd.version()).rejects.toMatchObject({ code: "systemd-unreachable" });
    fake.close();
    daemon = await startDaemon();
    fake = await startFakeSystemd({ socketPath });
    expect(await systemd.startTransientUnit("e.slice", [])).toBe(true);
    expect(await systemd.startTransientUnit("e.slice", [])).toBe(false);
  });
});
