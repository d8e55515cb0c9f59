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

const sidecar = { name: "side", image: "busybox", restartPolicy: "Always" };

describe("the phase", () => {
  const always = podWith({});
  const onFailure = podWith({ restartPolicy: "OnFailure" });
  const never = podWith({ restartPolicy: "Never" });
  const failed = instance("main", "exited", { exitCode: 1, reason: "Error" });
  const done = instance("main", "exited");

  it.each([
    ["Pending before anything is observed", always, undefined, "Pending"],
    ["Running while a container runs", always, observe(instance("main", "running")), "Running"],
    ["Running between restarts under Always", always, observe(done), "Running"],
    ["Running after a failure under OnFailure", onFailure, observe(failed), "Running"],
    ["Succeeded after success under OnFailure", onFailure, observe(done), "Succeeded"],
    ["Failed after a failure under Never", never, observe(failed), "Failed"],
    ["Succeeded after success under Never", never, observe(done), "Succeeded"],
    ["Pending while a container is created and not started", never, observe(instance("main", "created")), "Pending"],
  ] as const)("is %s", (_what, pod, observed, phase) => {
    expect(status(pod, observed).phase).toBe(phase);
  });

  it("is Pending while an init container runs, and Failed when it failed under Never", () => {
    const pod = podWith({ restartPolicy: "Never", initContainers: [{ name: "i", image: "busybox" }] });
    expect(status(pod, observe(instance("i", "running"))).phase).toBe("Pending");
    expect(status(pod, observe(instance("i", "exited", { exitCode: 3 }))).phase).toBe("Failed");
  });

  it("waits for a sidecar's startup before the app has run, and ignores its restart after", () => {
    const pod = podWith({ initContainers: [sidecar] });
    const notStarted = new Map([["side-id", { started: false }]]);
    expect(status(pod, observe(instance("side", "running")), { probes: notStarted }).phase).toBe("Pending");
    expect(status(pod, observe(instance("side", "exited", { exitCode: 1 }), instance("main", "running"))).phase).toBe("Running");
  });

  it("never leaves a final phase", () => {
    const previous: PodStatus = { phase: "Failed", reason: "Evicted", message: "gone" };
    expect(status(always, observe(instance("main", "running")), { previous })).toMatchObject({
      phase: "Failed",
      reason: "Evicted",
      message: "gone",
    });
  });

  it("is final for a pod that is stopped for good, by its exit codes", () => {
    expect(status(always, observe(done), { stoppedForGood: true }).phase).toBe("Succeeded");
    expect(status(always, observe(failed), { stoppedForGood: true }).phase).toBe("Failed");
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

  it.each([
    ["Never", "terminated"],
    ["OnFailure", "waiting"],
  ])("shows a container that could not be started under %s as %s", (restartPolicy, state) => {
    const pod = podWith({ restartPolicy });
    const waiting = new Map([["main", { reason: "RunContainerError", message: "no such file" }]]);
    const computed = status(pod, observe(instance("main", "exited", { exitCode: 128, reason: "StartError" })), { waiting });
    expect(Object.keys(computed.containerStatuses?.[0]?.state ?? {})).toEqual([state]);
  });

  it("keeps the last state after the runtime has removed the older instance", () => {
    const pod = podWith({});
    const first = status(pod, observe(instance("main", "exited", { exitCode: 7 })));
    const again = instance("main", "running", { id: "second", attempt: 1, annotations: { "io.kubernetes.container.restartCount": "1" } });
    const second = status(pod, observe(again), { previous: first });
    const third = status(pod, observe(again), { previous: second });
    expect(third.containerStatuses?.[0]).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 7 } } });
  });

  it("reports a container that vanished while it ran as ended with 137", () => {
    const pod = podWith({});
    const before = status(pod, observe(instance("main", "running")));
    expect(status(pod, observe(), { previous: before }).containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      state: { waiting: { reason: "ContainerCreating" } },
      lastState: { terminated: { exitCode: 137, reason: "ContainerStatusUnknown" } },
    });
  });

  it("treats a pruned init container of an initialised pod as done", () => {
    const pod = podWith({ initContainers: [{ name: "i", image: "busybox" }] });
    const computed = status(pod, observe(instance("main", "running")));
    expect(computed.initContainerStatuses?.[0]).toMatchObject({ ready: true, state: { terminated: { exitCode: 0, reason: "Completed" } } });
    expect(computed.conditions?.find(({ type }) => type === "Initialized")?.status).toBe("True");
  });

  it("puts a termination message where the exit is told", () => {
    const computed = status(podWith({ restartPolicy: "Never" }), observe(instance("main", "exited", { exitCode: 1 })), {
      terminationMessages: new Map([["main-id", "why"]]),
    });
    expect(computed.containerStatuses?.[0]?.state?.terminated?.message).toBe("why");
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

  it("keeps conditions that others wrote, before its own", () => {
    const previous: PodStatus = { conditions: [{ type: "example.com/gate", status: "True" }] };
    expect(status(podWith({}), undefined, { previous }).conditions?.[0]).toEqual({ type: "example.com/gate", status: "True" });
  });

  it("is not ready behind a readiness gate that nobody has opened", () => {
    const pod = podWith({ readinessGates: [{ conditionType: "example.com/gate" }] });
    const ready = status(pod, observe(instance("main", "running"))).conditions?.find(({ type }) => type === "Ready");
    expect(ready).toMatchObject({
      status: "False",
      reason: "ReadinessGatesNotReady",
      message: 'corresponding condition of pod readiness gate "example.com/gate" does not exist.',
    });
  });

  it("is not ready while a readiness probe has not said so", () => {
    const computed = status(podWith({}), observe(instance("main", "running")), { probes: new Map([["main-id", { ready: false }]]) });
    expect(computed.containerStatuses?.[0]).toMatchObject({ ready: false, started: true });
    expect(describeWaiting(computed)).toBe("containers with unready status: [main]");
  });
});

describe("addresses", () => {
  it("uses the node's addresses for a pod on the host network, and keeps the last ones when the sandbox is gone", () => {
    const onHost = podWith({ hostNetwork: true });
    expect(status(onHost, { ...observe(), ips: [] })).toMatchObject({ podIP: "192.0.2.1", hostIP: "192.0.2.1" });
    const pod = podWith({});
    const before = status(pod, observe(instance("main", "running")));
    expect(status(pod, undefined, { previous: before }).podIP).toBe("10.0.0.1");
  });
});
