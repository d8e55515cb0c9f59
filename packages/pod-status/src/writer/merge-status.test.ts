import type { PodStatus } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { mergeStatus } from "./merge-status.ts";
import { isSameByKubelet } from "./same-status.ts";

const stopped = { couldHaveRunningContainers: false };
const running = { couldHaveRunningContainers: true };
const ready = { type: "Ready", status: "True" };

describe("mergeStatus", () => {
  it("keeps conditions, claims and nominations of others, and drops its own that it no longer says", () => {
    const api: PodStatus = {
      phase: "Pending",
      conditions: [
        { type: "example.com/gate", status: "True" },
        { type: "PodResizePending", status: "True" },
      ],
      resourceClaimStatuses: [{ name: "gpu", resourceClaimName: "claim" }],
      nominatedNodeName: "node-1",
    };
    const merged = mergeStatus(api, { phase: "Running", conditions: [ready, { type: "example.com/gate", status: "False" }] }, running);
    expect(merged).toEqual({
      phase: "Running",
      conditions: [{ type: "example.com/gate", status: "True" }, ready],
      resourceClaimStatuses: [{ name: "gpu", resourceClaimName: "claim" }],
      nominatedNodeName: "node-1",
    });
  });

  it("holds a final phase and its reason back while containers could run", () => {
    const ours: PodStatus = { phase: "Failed", reason: "DeadlineExceeded", message: "too long" };
    expect(mergeStatus({ phase: "Running" }, ours, running)).toEqual({ phase: "Running" });
    expect(mergeStatus({ phase: "Running" }, ours, stopped)).toEqual(ours);
  });

  it("never leaves the final phase that the API shows", () => {
    const api: PodStatus = { phase: "Failed", reason: "Evicted", message: "by the API" };
    expect(mergeStatus(api, { phase: "Succeeded" }, stopped)).toEqual(api);
    expect(mergeStatus(api, { phase: "Running" }, running)).toEqual(api);
  });

  it("lets a mirror leave a final phase: its static pod may live twice, and a user may have written it", () => {
    const api: PodStatus = { phase: "Failed", reason: "Evil", message: "by a user", startTime: "2026-01-01T00:00:00Z" };
    const ours: PodStatus = { phase: "Running", startTime: "2026-01-01T00:01:00Z" };
    expect(mergeStatus(api, ours, { ...running, isMirror: true })).toEqual(ours);
    expect(mergeStatus({ phase: "Running" }, { phase: "Failed" }, { ...running, isMirror: true })).toEqual({ phase: "Running" });
  });

  it("does not let a pod that has ended be ready", () => {
    expect(mergeStatus({ phase: "Running" }, { phase: "Succeeded", conditions: [ready] }, stopped).conditions).toEqual([
      { type: "Ready", status: "False", reason: "PodCompleted" },
    ]);
  });

  it("tells of a disruption with the final phase, not before", () => {
    const told = { type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet", lastTransitionTime: "2026-01-01T00:00:00Z" };
    const ours: PodStatus = { phase: "Failed", conditions: [told] };
    expect(mergeStatus({ phase: "Running" }, ours, running).conditions).toBeUndefined();
    expect(mergeStatus({ phase: "Running" }, ours, stopped).conditions).toEqual([told]);
    const earlier = {
      type: "DisruptionTarget",
      status: "True",
      reason: "EvictionByEvictionAPI",
      lastTransitionTime: "2025-12-31T00:00:00Z",
    };
    expect(mergeStatus({ phase: "Running", conditions: [earlier] }, ours, stopped).conditions).toEqual([
      { ...told, lastTransitionTime: "2025-12-31T00:00:00Z" },
    ]);
    expect(mergeStatus({ phase: "Running", conditions: [earlier] }, ours, running).conditions).toEqual([earlier]);
  });

  it("keeps the start time, and the higher observed generation", () => {
    const api: PodStatus = { startTime: "2026-01-01T00:00:00Z", observedGeneration: 3 };
    expect(mergeStatus(api, { startTime: "2026-01-02T00:00:00Z", observedGeneration: 2 }, running)).toEqual(api);
  });
});

describe("isSameByKubelet", () => {
  it("does not care about times of conditions, spelling of quantities, empty and null", () => {
    const api = {
      conditions: [{ ...ready, lastProbeTime: null, lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: 1 }],
      resources: { requests: { cpu: "500m" }, limits: {} },
      containerStatuses: [{ name: "a", image: "i", imageID: "", ready: true, restartCount: 0, lastState: {} }],
    } as unknown as PodStatus;
    const ours: PodStatus = {
      conditions: [{ ...ready, lastTransitionTime: "2026-01-02T00:00:00Z" }],
      resources: { requests: { cpu: "0.5" } },
      containerStatuses: [{ name: "a", image: "i", imageID: "", ready: true, restartCount: 0 }],
    };
    expect(isSameByKubelet(api, ours)).toBe(true);
  });

  it.each<[string, PodStatus]>([
    ["the verdict of a condition", { conditions: [{ type: "Ready", status: "False" }] }],
    ["the reason of a condition", { conditions: [{ ...ready, reason: "Other" }] }],
    ["a condition of the kubelet", { conditions: [] }],
    ["the generation", { conditions: [ready], observedGeneration: 2 }],
    ["an address", { conditions: [ready], podIP: "10.0.0.1" }],
    ["a container", { conditions: [ready], containerStatuses: [{ name: "a", image: "", imageID: "", ready: false, restartCount: 0 }] }],
  ])("cares about %s", (_what, changed) => {
    expect(isSameByKubelet({ conditions: [ready] }, changed)).toBe(false);
  });

  it("does not care about conditions of others", () => {
    expect(isSameByKubelet({ conditions: [ready, { type: "example.com/a", status: "True" }] }, { conditions: [ready] })).toBe(true);
  });
});
