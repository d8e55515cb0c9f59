import { statfsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readMachineFacts } from "./machine-facts.ts";

const read = (name: string, arch?: string) =>
  readMachineFacts({ root: join(import.meta.dirname, "../test/fixtures/machines", name), arch });

describe("readMachineFacts", () => {
  it("reads a machine", async () => {
    const { diskBytes, diskInodes, ...facts } = await read("plain", "x64");
    expect(facts).toEqual({
      machineId: "3d1219c7c4c5404aaa1f6d2a48adfda4",
      systemUuid: "4c4c4544-0042-3010-8044-b2c04f4d3132",
      bootId: "e3a42dc7-428a-4c66-8881-340a1bc0a1d3",
      kernelVersion: "6.18.0",
      osImage: "Debian GNU/Linux 12 (bookworm)",
      operatingSystem: "linux",
      architecture: "amd64",
      cpus: 2,
      memoryBytes: 24_684_096n * 1024n,
      swapBytes: 0n,
      hugePages: [
        { sizeBytes: 2n ** 21n, pages: 0n },
        { sizeBytes: 2n ** 30n, pages: 3n },
      ],
      bootTimeMs: 1_795_252_800_000,
    });
    const disk = statfsSync(import.meta.dirname, { bigint: true });
    expect([diskBytes, diskInodes]).toEqual([disk.blocks * disk.bsize, disk.files]);
  });

  it("reads a machine without DMI, with CPUs offline and its os-release elsewhere", async () => {
    expect(await read("arm-without-dmi", "arm64")).toMatchObject({
      machineId: "aaaa",
      systemUuid: "1234-abcd",
      osImage: "Clear Linux OS",
      architecture: "arm64",
      cpus: 6,
      swapBytes: 2n ** 30n,
      hugePages: [],
      bootTimeMs: undefined,
    });
  });

  it("makes do with what a container shows", async () => {
    expect(await read("no-sysfs", "s390x")).toMatchObject({
      machineId: "",
      systemUuid: "",
      bootId: "",
      osImage: "Linux",
      cpus: 3,
      memoryBytes: 2n ** 21n,
      architecture: "s390x",
    });
  });

  it.each(["no-memory", "no-cpus", "nowhere"])("says that %s is no machine", async (name) => {
    await expect(read(name)).rejects.toMatchObject({ name: "NodeStatusError", code: "unreadable-machine" });
  });

  it("reads the machine it runs on", async () => {
    const facts = await readMachineFacts({ root: "/" });
    expect(facts.cpus).toBeGreaterThanOrEqual(1);
    expect(facts.memoryBytes).toBeGreaterThan(0n);
    expect(facts.kernelVersion).not.toBe("");
  });

  it("stops when told to", async () => {
    const stop = AbortSignal.abort(new Error("enough"));
    await expect(readMachineFacts({ root: "/", signal: stop })).rejects.toThrow("enough");
  });
});
