import type { Pod, Toleration } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { computePressureAdmission } from "./admission.ts";
import type { PressureCondition } from "./signals.ts";
import { sketchPod } from "./testing/index.ts";

const bestEffort = sketchPod({ name: "b" });
const burstable = sketchPod({ name: "b", requests: { memory: "1Mi" } });
const guaranteed = sketchPod({ name: "b", requests: { memory: "1Mi", cpu: "1" }, limits: { memory: "1Mi", cpu: "1" } });
const system = sketchPod({ name: "s", priority: 2_000_000_000 });
const important = sketchPod({ name: "s", priority: 1_999_999_999 });
const fromFile = sketchPod({ name: "s", annotations: { "kubernetes.io/config.source": "file" } });
const mirror = sketchPod({ name: "s", annotations: { "kubernetes.io/config.mirror": "hash" } });
const unreadable = sketchPod({ name: "u", requests: { memory: "lots" } });
const tolerant = (...tolerations: readonly Toleration[]): Pod => ({
  ...bestEffort,
  spec: { containers: bestEffort.spec?.containers ?? [], tolerations },
});
const key = "node.kubernetes.io/memory-pressure";
const M: readonly PressureCondition[] = ["MemoryPressure"];
const D: readonly PressureCondition[] = ["DiskPressure"];
const P: readonly PressureCondition[] = ["PIDPressure"];

describe("computePressureAdmission", () => {
  it.each<[what: string, pod: Pod, conditions: readonly PressureCondition[], admitted: boolean]>([
    ["BestEffort without pressure", bestEffort, [], true],
    ["BestEffort", bestEffort, M, false],
    ["Burstable", burstable, M, true],
    ["Guaranteed", guaranteed, M, true],
    ["amounts that nobody can read", unreadable, M, true],
    ["Burstable", burstable, D, false],
    ["Guaranteed", guaranteed, D, false],
    ["Burstable", burstable, P, false],
    ["Burstable", burstable, [...M, ...D], false],
    ["Guaranteed", guaranteed, [...M, ...P], false],
    ["system priority", system, M, true],
    ["system priority", system, [...M, ...D, ...P], true],
    ["just below system priority", important, M, false],
    ["static pod", fromFile, D, true],
    ["mirror pod", mirror, P, true],
    ["tolerates everything", tolerant({ operator: "Exists" }), M, true],
    ["tolerates everything", tolerant({ operator: "Exists" }), D, false],
    ["tolerates the taint", tolerant({ key, operator: "Exists" }), M, true],
    ["tolerates the taint, by effect", tolerant({ key, operator: "Exists", effect: "NoSchedule" }), M, true],
    ["tolerates another effect", tolerant({ key, operator: "Exists", effect: "NoExecute" }), M, false],
    ["tolerates the taint with the empty value", tolerant({ key }), M, true],
    ["tolerates the taint with the empty value", tolerant({ key, operator: "Equal", value: "" }), M, true],
    ["tolerates the taint with another value", tolerant({ key, operator: "Equal", value: "x" }), M, false],
    ["tolerates by comparison, which is off", tolerant({ key, operator: "Gt", value: "1" }), M, false],
    ["tolerates another taint", tolerant({ key: "node.kubernetes.io/disk-pressure", operator: "Exists" }), M, false],
    ["tolerates memory pressure", tolerant({ key, operator: "Exists" }), [...M, ...D], false],
    ["one toleration of several", tolerant({ key: "x" }, { key, operator: "Exists" }), M, true],
  ])("%s: under pressure, case %#", (_, pod, conditions, admitted) => {
    expect(computePressureAdmission(pod, conditions).admit).toBe(admitted);
  });

  it("refuses in the reference's words", () => {
    expect(computePressureAdmission(bestEffort, ["MemoryPressure", "DiskPressure"])).toEqual({
      admit: false,
      reason: "Evicted",
      message: "The node had condition: [MemoryPressure DiskPressure]. ",
    });
  });
});
