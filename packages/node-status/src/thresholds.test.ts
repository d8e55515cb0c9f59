import { describe, expect, it } from "vitest";
import { parseHardEviction } from "./thresholds.ts";

describe("hard eviction thresholds", () => {
  it.each([
    "memory.available",
    "allocatableMemory.available",
    "nodefs.available",
    "nodefs.inodesFree",
    "imagefs.available",
    "imagefs.inodesFree",
    "containerfs.available",
    "containerfs.inodesFree",
    "pid.available",
  ])("may be on %s, as in the reference (OpForSignal, pkg/kubelet/eviction/api)", (signal) => {
    expect([...parseHardEviction({ [signal]: "10%" }).keys()]).toEqual(
      { "memory.available": ["memory"], "nodefs.available": ["ephemeral-storage"] }[signal] ?? [],
    );
  });

  it("are on no other signal", () => {
    expect(() => parseHardEviction({ "cpu.available": "10%" })).toThrow("no such signal");
  });
});
