import type { Pod, PodStatus, RuntimeContainerStatus, RuntimePodStatus } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createPodStatuses, needsReadinessPass } from "./index.ts";
import type { PodStatusInput } from "./index.ts";
import { sketchInstance, sketchObserved, sketchPod as podWith, statusOf as status } from "./testing/sketch-observed.ts";

const container = (name: string, more: Partial<RuntimeContainerStatus> = {}): RuntimeContainerStatus => sketchInstance({ name, ...more });
const observe = (...containers: readonly RuntimeContainerStatus[]): RuntimePodStatus => sketchObserved(containers, []);
const deleted = { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } };
const probe = { exec: { command: ["true"] } };

describe("the status of a pod from the API", () => {
  it("takes conditions of others from the object, so that one that went away there is gone", () => {
    const gate = { type: "example.com/gate", status: "True" };
    const previous: PodStatus = { conditions: [gate, { type: "example.com/old", status: "True" }] };
    const spec = { readinessGates: [{ conditionType: "example.com/gate" }] };
    const open = status(podWith(spec, { status: { conditions: [gate] } }), observe(container("main")), { previous });
    expect(open.conditions?.map(({ type }) => type)).not.toContain("example.com/old");
    expect(open.conditions?.find(({ type }) => type === "Ready")?.status).toBe("True");
    const closed = status(podWith(spec, { status: { conditions: [] } }), observe(container("main")), { previous });
    expect(closed.conditions?.find(({ type }) => type === "Ready")?.reason).toBe("ReadinessGatesNotReady");
  });

  it("waits for nothing any more when the pod is being deleted", () => {
    const waiting = new Map([["main", { reason: "ImagePullBackOff", message: "back-off" }]]);
    expect(status(podWith(), undefined, { waiting }).containerStatuses?.[0]?.state?.waiting?.reason).toBe("ImagePullBackOff");
    expect(status(podWith({}, deleted), undefined, { waiting }).containerStatuses?.[0]?.state?.waiting).toEqual({
      reason: "ContainerCreating",
    });
  });

  it("keeps a container started and as ready as it was until its probes have spoken, but no other instance of it", () => {
    const pod = podWith({ containers: [{ name: "main", image: "busybox", readinessProbe: probe, startupProbe: probe }] });
    const shown = (ready: boolean, id = "main-id"): Partial<PodStatusInput> => ({
      previous: {
        containerStatuses: [
          {
            name: "main",
            image: "",
            imageID: "",
            ready,
            started: true,
            restartCount: 0,
            containerID: `containerd://${id}`,
            state: { running: {} },
          },
        ],
      },
    });
    const flags = (more: Partial<PodStatusInput>) => {
      const { ready, started } = status(pod, observe(container("main")), more).containerStatuses?.[0] ?? {};
      return { ready, started };
    };
    expect(flags(shown(true))).toEqual({ ready: true, started: true });
    expect(flags(shown(false))).toEqual({ ready: false, started: true });
    expect(flags({ ...shown(true), probes: new Map([["main-id", { started: false, ready: false }]]) })).toEqual({
      ready: false,
      started: true,
    });
    expect(flags(shown(true, "older"))).toEqual({ ready: false, started: false });
  });

  it("tells of a disruption since the moment it was told first", () => {
    const told = { type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet" };
    const override = { phase: "Failed", reason: "Evicted", message: "low on memory", conditions: [told] } as const;
    const first = status(podWith({}, { metadata: { generation: 2 } }), observe(container("main")), { override });
    const wanted = { ...told, observedGeneration: 2, lastTransitionTime: "1970-01-01T00:00:10Z" };
    expect(first.conditions?.[0]).toEqual(wanted);
    const second = status(podWith({}, { metadata: { generation: 2 } }), observe(container("main")), {
      override,
      previous: first,
      nowMs: 20_000,
    });
    expect(second.conditions?.[0]).toEqual(wanted);
  });

  it("leaves containers waiting whose turn never came, when an init container failed", () => {
    const pod = podWith({ restartPolicy: "Never", initContainers: [{ name: "i1" }, { name: "i2" }] });
    const failed = container("i1", { state: "exited", exitCode: 1, reason: "Error" });
    const closed = status(pod, observe(failed), { stoppedForGood: true });
    expect(closed.phase).toBe("Failed");
    expect(closed.initContainerStatuses?.map(({ state }) => Object.keys(state ?? {})[0])).toEqual(["terminated", "waiting"]);
    expect(closed.containerStatuses?.map(({ state }) => Object.keys(state ?? {})[0])).toEqual(["waiting"]);
  });

  it("leaves containers waiting whose init container was told to stop and exits with 0, however often it is computed", () => {
    const pod = podWith({ initContainers: [{ name: "i" }] }, deleted);
    const running = status(pod, observe(container("i")));
    const stopped = observe(container("i", { state: "exited", exitCode: 0, reason: "Completed" }));
    const closed = status({ ...pod, status: running }, stopped, { stoppedForGood: true, previous: running });
    expect(closed).toMatchObject({
      phase: "Failed",
      initContainerStatuses: [{ state: { terminated: { exitCode: 0 } } }],
      containerStatuses: [{ state: { waiting: { reason: "PodInitializing" } } }],
    });
    expect(closed.conditions?.find(({ type }) => type === "Ready")?.reason).toBe("ContainersNotReady");
    expect(status({ ...pod, status: closed }, stopped, { stoppedForGood: true, previous: closed })).toEqual(closed);
  });

  it("shares 12 KiB of termination messages among the containers, cut between characters", () => {
    const pod = podWith({ restartPolicy: "Never", initContainers: [{ name: "i1" }, { name: "i2" }, { name: "i3" }] });
    const ended = container("main", { state: "exited", exitCode: 1 });
    const computed = status(pod, observe(ended), { terminationMessages: new Map([["main-id", `${"é".repeat(2000)}`]]) });
    expect(Buffer.byteLength(computed.containerStatuses?.[0]?.state?.terminated?.message ?? "")).toBe(3072);
    const odd = status(pod, observe(ended), { terminationMessages: new Map([["main-id", `x${"é".repeat(2000)}`]]) });
    expect(odd.containerStatuses?.[0]?.state?.terminated?.message).toBe(`x${"é".repeat(1535)}`);
  });

  it("stays what the API shows when that is the end and nothing of the pod is left", () => {
    const rejected: PodStatus = { phase: "Failed", reason: "OutOfcpu", qosClass: "BestEffort" };
    const pod = podWith({}, { status: rejected, ...deleted });
    expect(status(pod, undefined, { previous: rejected, stoppedForGood: true })).toBe(rejected);
  });
});

describe("needsReadinessPass", () => {
  const spec = { readinessGates: [{ conditionType: "example.com/gate" }] };
  const shown = (gate: string, ready: string, message?: string): Pod =>
    podWith(spec, {
      status: {
        phase: "Running",
        conditions: [
          { type: "example.com/gate", status: gate },
          { type: "Ready", status: ready, ...(message === undefined ? {} : { message }) },
        ],
        containerStatuses: [{ name: "main", image: "", imageID: "", ready: true, restartCount: 0 }],
      },
    });

  it("is true when a gate and the Ready condition disagree, and never without gates", () => {
    expect(needsReadinessPass(shown("True", "False"))).toBe(true);
    expect(needsReadinessPass(shown("True", "True"))).toBe(false);
    expect(needsReadinessPass(shown("False", "True"))).toBe(true);
    expect(
      needsReadinessPass(shown("False", "False", 'the status of pod readiness gate "example.com/gate" is not "True", but False')),
    ).toBe(false);
    expect(needsReadinessPass({ ...shown("True", "False"), spec: { containers: [] } })).toBe(false);
    expect(needsReadinessPass(podWith(spec))).toBe(false);
  });
});

describe("the store of pod statuses, for pods from the API", () => {
  const bench = () => {
    const changes: { readonly status: PodStatus; readonly stoppedForGood: boolean }[] = [];
    const statuses = createPodStatuses(
      { observed: () => undefined, probes: () => new Map(), readTerminationMessage: () => Promise.resolve("") },
      { runtimeName: () => "containerd", nodeIps: () => [], clock: createFakeClock() },
    );
    statuses.subscribe(({ status: told, stoppedForGood }) => changes.push({ status: told, stoppedForGood }));
    return { statuses, changes };
  };

  it("starts from what the API shows, and tells the first status even if it is that", async () => {
    const { statuses, changes } = bench();
    const first = status(podWith({}, { status: {} }), undefined, { nodeIps: [], nowMs: 0 });
    await statuses.publish(podWith({}, { status: first }), { stoppedForGood: false });
    expect(changes).toEqual([{ status: first, stoppedForGood: false }]);
  });

  it("tells that a pod is stopped for good although its status stays", async () => {
    const { statuses, changes } = bench();
    const pod = podWith({}, { status: { phase: "Failed", reason: "Evicted" } });
    await statuses.publish(pod, { stoppedForGood: true });
    await statuses.publish(pod, { stoppedForGood: false });
    await statuses.refresh("u");
    expect(changes.map(({ stoppedForGood }) => stoppedForGood)).toEqual([true, false]);
  });

  it("shows a rejected pod as one that never had containers, whatever is computed later", async () => {
    const { statuses, changes } = bench();
    const pod = podWith({}, { metadata: { generation: 1 }, status: { phase: "Pending" } });
    const rejected = statuses.reject(pod, { reason: "OutOfcpu", message: "not enough cpu" });
    expect(rejected).toEqual({
      observedGeneration: 1,
      phase: "Failed",
      reason: "OutOfcpu",
      message: "Pod was rejected: not enough cpu",
      startTime: "2026-01-01T00:00:00Z",
      qosClass: "BestEffort",
    });
    await statuses.refresh("u");
    expect(await statuses.publish(pod, { stoppedForGood: false })).toEqual(rejected);
    expect(changes).toHaveLength(1);
  });
});
