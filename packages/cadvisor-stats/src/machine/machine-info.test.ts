import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readMachineInfo } from "./machine-info.ts";

const fixtures = join(import.meta.dirname, "../../test/fixtures");
const roots = { procRoot: join(fixtures, "proc"), sysRoot: join(fixtures, "sys-two-sockets"), etcRoot: join(fixtures, "etc"), nowMs: 5 };

describe("a machine", () => {
  it("is told with its ids, processors, memory and devices", () => {
    expect(readMachineInfo(roots)).toMatchObject({
      timeMs: 5,
      machineId: "3d1219c7c4c5404aaa1f6d2a48adfda4",
      systemUuid: "11111111-2222-3333-4444-555555555555",
      bootId: "e3a42dc7-428a-4c66-8881-340a1bc0a1d3",
      kernelVersion: "6.18.0",
      osVersion: "Debian GNU/Linux 12 (bookworm)",
      cpuVendor: "GenuineIntel",
      cpuFrequencyKhz: 2_599_998,
      cpus: 5,
      physicalCores: 2,
      sockets: 2,
      memoryBytes: 24_683_660 * 1024,
      memoryModules: [{ type: "Registered-DDR4", modules: 2, capacityBytes: 24 * 1024 ** 3 }],
      hugePages: [
        { pageBytes: 2_097_152, pages: 4, freePages: 3 },
        { pageBytes: 1_073_741_824, pages: 0, freePages: 0 },
      ],
      blockDevices: [{ name: "sda", major: 8, minor: 0, sizeBytes: 1_000_204_886_016 }],
      networkDevices: [
        { name: "dummy0", mac: "", mtu: 1500 },
        { name: "eth0", mac: "02:00:00:00:00:01", mtu: 1500, speedMbps: 10_000 },
      ],
    });
  });

  it("has a topology: nodes, cores, threads that are on, caches of a core and of all", () => {
    const { topology } = readMachineInfo(roots);
    const caches = [
      { id: 0, level: 1, type: "Data", sizeBytes: 32_768 },
      { id: 0, level: 1, type: "Instruction", sizeBytes: 32_768 },
      { id: 0, level: 2, type: "Unified", sizeBytes: 1_048_576 },
    ];
    expect(topology[0]).toEqual({
      id: 0,
      memoryBytes: 16_000_000 * 1024,
      hugePages: [{ pageBytes: 2_097_152, pages: 4, freePages: 3 }],
      distances: [10, 21],
      // The second core has one thread left, so that its caches are shared with one that is off.
      cores: [
        { id: 0, socket: 0, threads: [0, 4], caches },
        { id: 1, socket: 0, threads: [1], caches: [] },
      ],
      caches: [{ id: 0, level: 3, type: "Unified", sizeBytes: 37_748_736 }],
    });
    expect(topology[1]?.cores.map(({ id, socket, threads }) => [id, socket, threads])).toEqual([
      [0, 1, [2]],
      [1, 1, [3]],
    ]);
  });

  it("that tells nothing is empty, not an error", () => {
    const nowhere = join(fixtures, "absent");
    expect(readMachineInfo({ procRoot: nowhere, sysRoot: nowhere, etcRoot: nowhere, nowMs: 0 })).toMatchObject({
      machineId: "",
      cpus: 0,
      topology: [],
      memoryBytes: 0,
    });
  });

  it("is this one", () => {
    const machine = readMachineInfo({ nowMs: 0 });
    expect(machine.cpus).toBeGreaterThan(0);
    expect(machine.topology.flatMap(({ cores }) => cores.flatMap(({ threads }) => threads))).toHaveLength(machine.cpus);
  });
});
