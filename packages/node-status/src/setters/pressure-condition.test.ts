import { describe, expect, it } from "vitest";
import { setterInput } from "../../test/setter-input.ts";
import { FAKE_FACTS } from "../testing/index.ts";
import { setDiskPressure } from "./disk-pressure.ts";
import { setMemoryPressure } from "./memory-pressure.ts";
import { setPidPressure } from "./pid-pressure.ts";
import type { Setter } from "./setter.ts";

const NOW = "2026-01-01T00:00:10Z";
const EARLIER = "2025-12-31T00:00:00Z";

const run = (setter: Setter, isUnder: boolean, node = {}) =>
  setter(setterInput({ node, facts: { ...FAKE_FACTS, pressure: { memory: isUnder, disk: isUnder, pid: isUnder } } }));

describe("the pressure conditions", () => {
  it.each([
    [
      "MemoryPressure",
      setMemoryPressure,
      true,
      "KubeletHasInsufficientMemory",
      "kubelet has insufficient memory available",
      "NodeHasInsufficientMemory",
    ],
    [
      "MemoryPressure",
      setMemoryPressure,
      false,
      "KubeletHasSufficientMemory",
      "kubelet has sufficient memory available",
      "NodeHasSufficientMemory",
    ],
    ["DiskPressure", setDiskPressure, true, "KubeletHasDiskPressure", "kubelet has disk pressure", "NodeHasDiskPressure"],
    ["DiskPressure", setDiskPressure, false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure", "NodeHasNoDiskPressure"],
    ["PIDPressure", setPidPressure, true, "KubeletHasInsufficientPID", "kubelet has insufficient PID available", "NodeHasInsufficientPID"],
    ["PIDPressure", setPidPressure, false, "KubeletHasSufficientPID", "kubelet has sufficient PID available", "NodeHasSufficientPID"],
  ] as const)("%s has its words (%s, %s)", (type, setter, isUnder, reason, message, eventReason) => {
    const status = isUnder ? "True" : "False";
    const condition = { type, status, lastHeartbeatTime: NOW, lastTransitionTime: NOW, reason, message };
    const event = { type: "Normal", reason: eventReason, message: `Node node-1 status is now: ${eventReason}` };
    expect(run(setter, isUnder)).toEqual({ status: { conditions: [condition] }, events: [{ topic: type, event }] });
  });

  it("change their heartbeat only while the status stays", () => {
    const condition = { type: "PIDPressure", status: "True", lastTransitionTime: EARLIER, reason: "Mine", message: "as it was" };
    const node = { status: { conditions: [{ type: "Other", status: "True" }, condition] } };
    expect(run(setPidPressure, true, node)).toEqual({
      status: {
        conditions: [
          { type: "Other", status: "True" },
          { ...condition, lastHeartbeatTime: NOW },
        ],
      },
    });
  });

  it("turn from Unknown with an event", () => {
    const node = { status: { conditions: [{ type: "DiskPressure", status: "Unknown", lastTransitionTime: EARLIER }] } };
    expect(run(setDiskPressure, false, node)).toMatchObject({
      status: { conditions: [{ status: "False", lastTransitionTime: NOW }] },
      events: [{ event: { reason: "NodeHasNoDiskPressure" } }],
    });
  });
});
