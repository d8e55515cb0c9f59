import { describe, expect, it } from "vitest";
import { setterInput } from "../../test/setter-input.ts";
import type { MachineFacts, NodeFacts } from "../facts.ts";
import type { NodeSettings } from "../settings.ts";
import { FAKE_FACTS, FAKE_MACHINE } from "../testing/index.ts";
import { setMachineInfo } from "./machine-info.ts";

const run = (given: {
  readonly settings?: Partial<NodeSettings>;
  readonly machine?: Partial<MachineFacts> | undefined;
  readonly facts?: Partial<NodeFacts>;
  readonly status?: object;
}) =>
  setMachineInfo(
    setterInput({
      settings: given.settings ?? {},
      facts: { ...FAKE_FACTS, machine: { ...FAKE_MACHINE, ...given.machine }, ...given.facts },
      node: { status: given.status ?? {} },
    }),
  );

const MI = 1024n ** 2n;

describe("setMachineInfo", () => {
  it("takes reservations and hard thresholds off", () => {
    const { status } = run({
      settings: {
        systemReserved: { cpu: "100m", memory: "512Mi" },
        kubeReserved: { cpu: "250m", memory: "256Mi", "ephemeral-storage": "1Gi" },
        evictionHard: { "memory.available": "100Mi", "nodefs.available": "10%", "imagefs.available": "15%", "pid.available": "5%" },
      },
    });
    expect(status?.capacity).toEqual({ cpu: "2", memory: "4Gi", "ephemeral-storage": "100Gi", "hugepages-2Mi": "0", pods: "110" });
    expect(status?.allocatable).toEqual({
      cpu: "1650m",
      memory: `${4096 - 512 - 256 - 100}Mi`,
      // 10 % as a 32-bit float is a hair more than a tenth.
      "ephemeral-storage": `${100n * 1024n * MI - 1024n * MI - BigInt(Math.trunc(Number(100n * 1024n * MI) * Math.fround(0.1)))}`,
      "hugepages-2Mi": "0",
      pods: "110",
    });
  });

  it("takes huge pages off the memory, each size", () => {
    const { status } = run({
      machine: {
        hugePages: [
          { sizeBytes: 2n * MI, pages: 256n },
          { sizeBytes: 1024n * MI, pages: 1n },
        ],
      },
    });
    expect(status?.capacity).toMatchObject({ "hugepages-2Mi": "512Mi", "hugepages-1Gi": "1Gi", memory: "4Gi" });
    expect(status?.allocatable).toMatchObject({ "hugepages-2Mi": "512Mi", "hugepages-1Gi": "1Gi", memory: "2560Mi" });
  });

  it("never shows less than nothing", () => {
    const { status } = run({ settings: { kubeReserved: { cpu: "3", memory: "8Gi" } } });
    expect(status?.allocatable).toMatchObject({ cpu: "0", memory: "0" });
  });

  it.each([
    [0, 110, "110"],
    [10, 110, "20"],
    [100, 110, "110"],
  ])("with %i pods per core and %i at most shows %s", (podsPerCore, maxPods, pods) => {
    expect(run({ settings: { podsPerCore, maxPods } }).status?.capacity).toMatchObject({ pods });
  });

  it("leaves the disk out where local storage is not isolated", () => {
    const { status } = run({ settings: { localStorage: false, evictionHard: { "nodefs.available": "10%" } } });
    expect(status?.capacity).not.toHaveProperty("ephemeral-storage");
    expect(status?.allocatable).not.toHaveProperty("ephemeral-storage");
  });

  it("keeps resources others declare, and shows those of device plugins", () => {
    const { status } = run({
      status: { capacity: { "example.com/dongle": "4", cpu: "1" }, allocatable: { "example.com/gone": "1" } },
      facts: {
        devices: { capacity: { "nvidia.com/gpu": "2" }, allocatable: { "nvidia.com/gpu": "1" }, removed: ["example.com/fpga"] },
      },
    });
    expect(status?.capacity).toMatchObject({ "example.com/dongle": "4", cpu: "2", "nvidia.com/gpu": "2", "example.com/fpga": "0" });
    expect(status?.allocatable).toMatchObject({ "example.com/dongle": "4", "nvidia.com/gpu": "1", "example.com/fpga": "0" });
    expect(status?.allocatable).not.toHaveProperty("example.com/gone");
  });

  it("shows swap where there is some, and takes it away where there is none", () => {
    expect(run({ machine: { swapBytes: 1024n } }).status?.nodeInfo?.swap).toEqual({ capacity: 1024 });
    expect(run({ status: { nodeInfo: { swap: { capacity: 5 } } } }).status?.nodeInfo).not.toHaveProperty("swap");
  });

  it("tells of a reboot when the boot id differs from the last status", () => {
    const after = (bootID: string) => run({ status: { nodeInfo: { bootID } } }).events;
    expect(after("boot-0")).toMatchObject([
      { event: { type: "Warning", reason: "Rebooted", message: "Node node-1 has been rebooted, boot id: boot-1" } },
    ]);
    expect(after("boot-1")).toBeUndefined();
    expect(after("")).toBeUndefined();
  });

  it("shows an empty machine when it can't be read, and says so", () => {
    const { status, problem } = run({ facts: { machine: undefined }, status: { capacity: { "example.com/a": "1" } } });
    expect(status?.capacity).toEqual({ cpu: "0", memory: "0", pods: "110", "example.com/a": "1" });
    expect(problem).toContain("can't be read");
  });
});
