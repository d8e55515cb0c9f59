import type { ResourceRequirements, RuntimeContainerResources, RuntimeContainerState } from "@nk/pod-model";
import { describe, expect, test } from "vitest";
import { computeResourceStatus } from "./container-resources.ts";
import { computeResizeConditions } from "./resize-conditions.ts";
import { computePodStatus } from "./compute-pod-status.ts";
import type { PodStatusInput, ResizeStanding } from "./input.ts";
import { sketchInstance, sketchObserved, sketchPod, statusOf as podStatusOf } from "./testing/sketch-observed.ts";

const statusOf = (given: ResourceRequirements, reported: RuntimeContainerResources | undefined, state: RuntimeContainerState = "running") =>
  computeResourceStatus(
    { name: "main", resources: given },
    {
      id: "c",
      sandboxId: "s",
      name: "main",
      attempt: 0,
      state,
      createdAtNanos: 0n,
      image: "",
      imageId: "",
      labels: {},
      annotations: {},
      startedAtNanos: 0n,
      finishedAtNanos: 0n,
      exitCode: 0,
      reason: "",
      message: "",
      imageRef: "",
      logPath: "",
      mounts: [],
      ...(reported === undefined ? {} : { resources: reported }),
    },
  );

const cpu = (shares: bigint, quota: bigint): RuntimeContainerResources => ({
  cpuShares: shares,
  cpuQuotaMicros: quota,
  cpuPeriodMicros: 100_000n,
});

const MIB = 1024n * 1024n;

describe("what a container has", () => {
  const both = { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "200m", memory: "128Mi" } };
  const cases: readonly [string, ResourceRequirements, RuntimeContainerResources | undefined, ResourceRequirements][] = [
    ["is what it was given when the runtime reports the same", both, { ...cpu(102n, 20_000n), memoryLimitBytes: 128n * MIB }, both],
    ["is what it was given when the runtime reports nothing", both, undefined, both],
    [
      "is what the runtime reports while it is something else",
      both,
      { ...cpu(204n, 40_000n), memoryLimitBytes: 256n * MIB },
      { requests: { cpu: "200m", memory: "64Mi" }, limits: { cpu: "400m", memory: "256Mi" } },
    ],
    [
      "keeps its own spelling",
      { limits: { cpu: "0.5", memory: "1024Ki" } },
      { ...cpu(512n, 50_000n), memoryLimitBytes: MIB },
      { limits: { cpu: "0.5", memory: "1024Ki" } },
    ],
    ["has no request that was not given", { limits: { cpu: "1" } }, cpu(1024n, 100_000n), { limits: { cpu: "1" } }],
    [
      "has no limit that was not given",
      { requests: { cpu: "1" } },
      { ...cpu(1024n, 100_000n), memoryLimitBytes: MIB },
      { requests: { cpu: "1" } },
    ],
    ["is not less than the kernel can tell: shares", { requests: { cpu: "1m" } }, cpu(2n, 0n), { requests: { cpu: "1m" } }],
    ["is not less than the kernel can tell: quota", { limits: { cpu: "5m" } }, cpu(2n, 1000n), { limits: { cpu: "5m" } }],
    ["is told when it is more than the least", { limits: { cpu: "50m" } }, cpu(2n, 1000n), { limits: { cpu: "10m" } }],
    ["has no CPU limit while its quota is off", { limits: { cpu: "1" } }, cpu(1024n, -1n), { limits: { cpu: "1" } }],
    [
      "keeps what else was given",
      { requests: { cpu: "100m", "ephemeral-storage": "1Gi" } },
      cpu(204n, 0n),
      { requests: { cpu: "200m", "ephemeral-storage": "1Gi" } },
    ],
  ];
  test.each(cases)("%s", (_name, given, reported, resources) => {
    const status = statusOf(given, reported);
    expect(status.resources).toEqual(resources);
    expect(status.allocatedResources).toEqual(given.requests);
  });

  test("is what it was given when it does not run", () => {
    expect(statusOf(both, cpu(9n, 9n), "exited").resources).toEqual(both);
  });
});

describe("conditions of a resize", () => {
  const at = (second: number): string => `2026-01-01T00:00:0${second}Z`;
  const ms = (second: number): number => Date.parse(at(second));
  const pending = { reason: "Deferred", message: "no room", generation: 3, sinceMs: ms(1), judgedAtMs: ms(2) } as const;
  const inProgress = { generation: 2, sinceMs: ms(3) };

  test("tell what waits, then what goes on", () => {
    expect(computeResizeConditions({ pending, inProgress })).toEqual([
      {
        type: "PodResizePending",
        status: "True",
        observedGeneration: 3,
        lastProbeTime: at(2),
        lastTransitionTime: at(1),
        reason: "Deferred",
        message: "no room",
      },
      { type: "PodResizeInProgress", status: "True", observedGeneration: 2, lastProbeTime: at(3), lastTransitionTime: at(3) },
    ]);
  });

  test("tell why it does not go on", () => {
    expect(computeResizeConditions({ inProgress: { ...inProgress, error: "too full" } })[0]).toMatchObject({
      reason: "Error",
      message: "too full",
    });
  });

  test("are none without a resize", () => {
    expect([computeResizeConditions(), computeResizeConditions({})]).toEqual([[], []]);
  });

  test("leave a container the memory request it has until they are done, since only the kubelet knows of it", () => {
    const pod = (memory: string) => sketchPod({ containers: [{ name: "main", image: "busybox", resources: { requests: { memory } } }] });
    const observed = sketchObserved([sketchInstance({ resources: { cpuShares: 2n } })]);
    const before = podStatusOf(pod("40Mi"), observed);
    const memoryOf = (more: Partial<PodStatusInput>) =>
      podStatusOf(pod("10Mi"), observed, { previous: before, ...more }).containerStatuses?.[0]?.resources?.requests?.["memory"];
    expect([memoryOf({ resize: { inProgress } }), memoryOf({})]).toEqual(["40Mi", "10Mi"]);
  });

  const statusWith = (resize: ResizeStanding, phase?: "Failed") =>
    computePodStatus({
      pod: {
        metadata: { name: "p" },
        spec: { containers: [{ name: "main", resources: { requests: { cpu: "2" } } }] },
        status: { conditions: [{ type: "Foreign", status: "True" }] },
      },
      observed: undefined,
      previous: { phase: "Pending", resources: { requests: { cpu: "1" } } },
      nowMs: 0,
      stoppedForGood: false,
      runtimeName: "containerd",
      nodeIps: [],
      waiting: new Map(),
      probes: new Map(),
      terminationMessages: new Map(),
      resize,
      ...(phase === undefined ? {} : { override: { phase, reason: "Evicted", message: "" } }),
    });

  test("stand between those of others and the kubelet's own, and end with the pod", () => {
    const types = (status: ReturnType<typeof statusWith>) => status.conditions?.map(({ type }) => type).slice(0, 3);
    expect(types(statusWith({ pending }))).toEqual(["Foreign", "PodResizePending", "PodReadyToStartContainers"]);
    expect(types(statusWith({ pending }, "Failed"))).toEqual(["Foreign", "PodReadyToStartContainers", "Initialized"]);
  });

  test("keep what the pod as a whole has until the resize is done", () => {
    expect(statusWith({ inProgress }).resources).toEqual({ requests: { cpu: "1" } });
    expect(statusWith({ inProgress }).allocatedResources).toEqual({ cpu: "2" });
    expect(statusWith({}).resources).toEqual({ requests: { cpu: "2" } });
  });
});
