import { describe, expect, it } from "vitest";
import type { Container, Pod } from "./gen/core-v1.ts";
import { computePodLimits, computePodRequests, formatResources, hasLimitOnEveryContainer, parseResources } from "./resources.ts";

const asking = (cpu: string, more: Partial<Container> = {}): Container => ({
  name: "x",
  resources: { requests: { cpu }, limits: { cpu } },
  ...more,
});
const sidecar = (cpu: string): Container => asking(cpu, { restartPolicy: "Always" });
const podOf = (containers: readonly Container[], initContainers: readonly Container[] = []): Pod => ({
  spec: { containers, initContainers },
});

describe("computePodRequests and computePodLimits", () => {
  it.each<readonly [string, Pod, string]>([
    ["adds app containers", podOf([asking("100m"), asking("200m")]), "300m"],
    ["takes a bigger init container instead", podOf([asking("100m")], [asking("500m")]), "500m"],
    ["does not add init containers to each other", podOf([asking("100m")], [asking("80m"), asking("90m")]), "100m"],
    ["adds sidecars to the app containers", podOf([asking("100m")], [sidecar("50m")]), "150m"],
    ["adds to an init container the sidecars before it", podOf([asking("10m")], [sidecar("50m"), asking("100m")]), "150m"],
    ["does not add to an init container the sidecars after it", podOf([asking("10m")], [asking("100m"), sidecar("50m")]), "100m"],
  ])("%s", (_what, pod, cpu) => {
    expect(formatResources(computePodRequests(pod))).toEqual({ cpu });
    expect(formatResources(computePodLimits(pod))).toEqual({ cpu });
  });

  it("adds resources that have the names of other things", () => {
    const odd = JSON.parse('{"constructor": "1", "__proto__": "1"}') as Record<string, string>;
    const container = { name: "x", resources: { requests: odd, limits: odd } };
    const pod = podOf([container, container]);
    expect(formatResources(computePodRequests(pod))["constructor"]).toBe("2");
    expect(formatResources(computePodLimits({ spec: { containers: [asking("1")], overhead: odd } }))).toEqual({ cpu: "1" });
  });

  it("adds the overhead to requests, and to limits that exist", () => {
    const pod: Pod = {
      spec: {
        containers: [asking("100m", { resources: { requests: { cpu: "100m" }, limits: { memory: "1Gi" } } })],
        overhead: { cpu: "50m", memory: "16Mi" },
      },
    };
    expect(formatResources(computePodRequests(pod))).toEqual({ cpu: "150m", memory: "16Mi" });
    expect(formatResources(computePodLimits(pod))).toEqual({ memory: "1040Mi" });
  });

  it("prefers pod-level cpu, memory and huge pages, and ignores other names there", () => {
    const pod: Pod = { spec: { containers: [asking("1")], resources: { requests: { cpu: "2", memory: "1Gi", "example.com/x": "1" } } } };
    expect(formatResources(computePodRequests(pod))).toEqual({ cpu: "2", memory: "1Gi" });
    expect(formatResources(computePodLimits(pod))).toEqual({ cpu: "1" });
  });

  it("is empty for a pod without containers", () => expect(computePodRequests({})).toEqual({}));
});

describe("hasLimitOnEveryContainer", () => {
  it("needs a positive limit on each container, or one of the pod's own", () => {
    const [limited, free]: readonly [Container, Container] = [asking("1"), { name: "free" }];
    expect(hasLimitOnEveryContainer(podOf([limited]), "cpu")).toBe(true);
    expect(hasLimitOnEveryContainer(podOf([limited]), "memory")).toBe(false);
    expect(hasLimitOnEveryContainer(podOf([limited, free]), "cpu")).toBe(false);
    expect(hasLimitOnEveryContainer(podOf([limited], [free]), "cpu")).toBe(false);
    expect(hasLimitOnEveryContainer({ spec: { containers: [free], resources: { limits: { cpu: "1" } } } }, "cpu")).toBe(true);
  });
});

describe("parseResources", () => {
  it("reads an absent map as empty and throws on a bad amount", () => {
    expect(parseResources(undefined)).toEqual({});
    expect(() => parseResources({ cpu: "lots" })).toThrow(/parse quantity "lots"/u);
  });
});
