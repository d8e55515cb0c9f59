import type { PodStatus, RuntimeContainerStatus, RuntimePodStatus } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { describeWaiting } from "./index.ts";
import { sketchInstance, sketchObserved, sketchPod as podWith, statusOf as status } from "./testing/sketch-observed.ts";

const instance = (
  name: string,
  state: RuntimeContainerStatus["state"],
  more: Partial<RuntimeContainerStatus> = {},
): RuntimeContainerStatus => sketchInstance({ name, state, ...more });
const observe = (...containers: readonly RuntimeContainerStatus[]): RuntimePodStatus => sketchObserved(containers);

describe("the phase", () => {
  const always = podWith({});

  it("never leaves a final phase", () => {
    const previous: PodStatus = { phase: "Failed", reason: "Evicted", message: "gone" };
    expect(status(always, observe(instance("main", "running")), { previous })).toMatchObject({
      phase: "Failed",
      reason: "Evicted",
      message: "gone",
    });
  });

  it("is final for a pod that is stopped for good before it ran", () => {
    expect(status(always, undefined, { stoppedForGood: true })).toMatchObject({
      phase: "Failed",
      containerStatuses: [{ state: { terminated: { exitCode: 137, reason: "ContainerStatusUnknown" } } }],
    });
  });
});

describe("container statuses", () => {
  it("shows the back-off as waiting and keeps the end of the container as last state", () => {
    const computed = status(podWith({}), observe(instance("main", "exited", { exitCode: 7, reason: "Error" })), {
      waiting: new Map([
        ["main", { reason: "CrashLoopBackOff", message: "back-off 10s restarting failed container=main pod=p_default(u)" }],
      ]),
    });
    expect(computed.containerStatuses?.[0]).toMatchObject({
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { exitCode: 7 } },
    });
    expect(computed.phase).toBe("Running");
    expect(describeWaiting(computed)).toBe("main: CrashLoopBackOff: back-off 10s restarting failed container=main pod=p_default(u)");
  });

  it("keeps the last state after the runtime has removed the older instance", () => {
    const pod = podWith({});
    const first = status(pod, observe(instance("main", "exited", { exitCode: 7 })));
    const again = instance("main", "running", { id: "second", attempt: 1, annotations: { "io.kubernetes.container.restartCount": "1" } });
    const second = status(pod, observe(again), { previous: first });
    const third = status(pod, observe(again), { previous: second });
    expect(third.containerStatuses?.[0]).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 7 } } });
  });

  it("shows an executable that the runtime could not start as the pod spells it", () => {
    const pod = podWith({ restartPolicy: "Never", containers: [{ name: "main", image: "busybox", command: ["$(TOKEN)"] }] });
    const message = 'exec: "s3cret": executable file not found in $PATH';
    const computed = status(pod, observe(instance("main", "exited", { exitCode: 128, reason: "StartError", message })));
    expect(computed.containerStatuses?.[0]?.state?.terminated?.message).toBe('exec: "$(TOKEN)": executable file not found in $PATH');
  });
});

describe("conditions", () => {
  it("moves a transition time only when the status changes", () => {
    const pod = podWith({});
    const first = status(pod, undefined);
    const second = status(pod, observe(instance("main", "running")), { previous: first, nowMs: 20_000 });
    const third = status(pod, observe(instance("main", "running")), { previous: second, nowMs: 30_000 });
    const times = third.conditions?.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]);
    expect(times).toEqual([
      ["PodReadyToStartContainers", "1970-01-01T00:00:20Z"],
      ["Initialized", "1970-01-01T00:00:10Z"],
      ["Ready", "1970-01-01T00:00:20Z"],
      ["ContainersReady", "1970-01-01T00:00:20Z"],
      ["PodScheduled", "1970-01-01T00:00:10Z"],
    ]);
  });

  it("is not ready while a readiness probe has not said so", () => {
    const computed = status(podWith({}), observe(instance("main", "running")), { probes: new Map([["main-id", { ready: false }]]) });
    expect(computed.containerStatuses?.[0]).toMatchObject({ ready: false, started: true });
    expect(describeWaiting(computed)).toBe("containers with unready status: [main]");
  });
});
