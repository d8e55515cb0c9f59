import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { applyPodDefaults } from "./defaults.ts";
import type { Pod, ResourceRequirements } from "./gen/core-v1.ts";
import { computeQosClass } from "./qos.ts";

const recorded = JSON.parse(readFileSync(join(import.meta.dirname, "../test/fixtures/pods-and-qos.json"), "utf8")) as readonly {
  readonly pod: Pod;
  readonly qosClass: string;
}[];

const podOf = (
  containers: readonly ResourceRequirements[],
  more: { init?: ResourceRequirements; pod?: ResourceRequirements } = {},
): Pod => ({
  spec: {
    containers: containers.map((resources, index) => ({ name: `c${index}`, resources })),
    ...(more.init === undefined ? {} : { initContainers: [{ name: "i", resources: more.init }] }),
    ...(more.pod === undefined ? {} : { resources: more.pod }),
  },
});
const same = (cpu: string, memory: string): ResourceRequirements => ({ requests: { cpu, memory }, limits: { cpu, memory } });

describe("computeQosClass", () => {
  it.each(recorded.map(({ pod, qosClass }) => [pod.metadata?.name ?? "", pod, qosClass] as const))(
    "gives %s the class that the API showed",
    (_name, pod, qosClass) => expect(computeQosClass(applyPodDefaults(pod))).toBe(qosClass),
  );

  it.each<readonly [string, Pod, string]>([
    ["no containers", {}, "BestEffort"],
    ["zero amounts", podOf([same("0", "0")]), "BestEffort"],
    ["only ephemeral storage", podOf([{ requests: { "ephemeral-storage": "1Gi" } }]), "BestEffort"],
    ["equal requests and limits", podOf([same("1", "1Gi")]), "Guaranteed"],
    [
      "equal amounts spelt differently",
      podOf([{ requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "1000m", memory: "1024Mi" } }]),
      "Guaranteed",
    ],
    ["two guaranteed containers", podOf([same("1", "1Gi"), same("2", "2Gi")]), "Guaranteed"],
    ["one container without any", podOf([same("1", "1Gi"), {}]), "Burstable"],
    ["an init container without any", podOf([same("1", "1Gi")], { init: {} }), "Burstable"],
    ["a guaranteed init container", podOf([same("1", "1Gi")], { init: same("1", "1Gi") }), "Guaranteed"],
    ["limits without requests before defaulting", podOf([{ limits: { cpu: "1", memory: "1Gi" } }]), "Burstable"],
    ["only a memory limit", podOf([{ requests: { memory: "1Gi" }, limits: { memory: "1Gi" } }]), "Burstable"],
    ["requests below limits", podOf([{ requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "2", memory: "1Gi" } }]), "Burstable"],
    ["guaranteed pod-level resources over nothing", podOf([{}], { pod: same("1", "1Gi") }), "Guaranteed"],
    ["pod-level requests over guaranteed containers", podOf([same("1", "1Gi")], { pod: { requests: { cpu: "1" } } }), "Burstable"],
  ])("classes %s", (_what, pod, expected) => expect(computeQosClass(pod)).toBe(expected));
});
