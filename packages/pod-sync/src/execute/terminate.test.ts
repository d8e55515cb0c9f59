import type { Lifecycle, PodSpec } from "@nk/pod-model";
import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, test } from "vitest";
import type { PodSyncOptions } from "../options.ts";
import { createFakePorts, samplePod } from "../testing/index.ts";
import { createPodSync } from "./pod-sync.ts";

const create = (options: PodSyncOptions = {}) => {
  const clock = createFakeClock();
  const fake = createFakePorts({ clock });
  const podSync = createPodSync(fake.ports, { clock, random: () => 0, ...options });
  return { clock, fake, podSync };
};
const { signal } = new AbortController();
const uid = "uid-web";

describe("termination", () => {
  const sidecars: Partial<PodSpec> = {
    initContainers: ["s1", "s2"].map((name) => ({ name, image: "busybox", restartPolicy: "Always" })),
    terminationGracePeriodSeconds: 10,
  };

  test("stops apps, then sidecars in reverse order, then the sandbox", async () => {
    const { fake, podSync } = create();
    await podSync.sync(samplePod(sidecars), { signal });
    await podSync.terminate(samplePod(sidecars), { signal });
    expect(fake.runtime.calls.slice(-4)).toEqual([
      "StopContainer main 0 timeout=10",
      "StopContainer s2 0 timeout=10",
      "StopContainer s1 0 timeout=10",
      "StopPodSandbox sandbox0",
    ]);
  });

  test("takes the time a sidecar waited off its grace", async () => {
    const { clock, fake, podSync } = create();
    await podSync.sync(samplePod(sidecars), { signal });
    const release = fake.runtime.hold("StopContainer");
    const done = podSync.terminate(samplePod(sidecars), { signal });
    await clock.advance(3500);
    release();
    await done;
    expect(fake.runtime.calls.slice(-3)).toEqual([
      "StopContainer s2 0 timeout=7",
      "StopContainer s1 0 timeout=7",
      "StopPodSandbox sandbox0",
    ]);
  });

  test("stops a sidecar that waited in vain when its grace is over", async () => {
    const { clock, fake, podSync } = create();
    await podSync.sync(samplePod(sidecars), { signal });
    const release = fake.runtime.hold("StopContainer");
    const done = podSync.terminate(samplePod(sidecars), { signal });
    await clock.advance(10_000);
    expect(fake.runtime.calls.slice(-2).toSorted()).toEqual(["StopContainer s1 0 timeout=2", "StopContainer s2 0 timeout=2"]);
    release();
    await done;
  });

  test("gives a preStop hook the grace and goes on when that is over", async () => {
    const { clock, fake, podSync } = create();
    const lifecycle = { preStop: { exec: { command: ["sleep", "1000"] } } };
    const pod = samplePod({ terminationGracePeriodSeconds: 5, containers: [{ name: "main", image: "busybox", lifecycle }] });
    await podSync.sync(pod, { signal });
    fake.runtime.hold("ExecSync");
    const done = podSync.terminate(pod, { signal });
    await clock.advance(5000);
    await done;
    expect(fake.runtime.calls.slice(-2)).toEqual(["StopContainer main 0 timeout=2", "StopPodSandbox sandbox0"]);
    expect(fake.events.slice(-2)).toMatchObject([
      { reason: "Killing" },
      { type: "Warning", reason: "FailedPreStopHook", message: "PreStopHook failed", fieldPath: "spec.containers{main}" },
    ]);
  });

  test("counts a sleep that the grace period cut short", async () => {
    const metrics = createRecordingMetrics();
    const { clock, podSync } = create({ metrics });
    const lifecycle = { preStop: { sleep: { seconds: 10 } } };
    const pod = samplePod({ terminationGracePeriodSeconds: 5, containers: [{ name: "main", image: "busybox", lifecycle }] });
    await podSync.sync(pod, { signal });
    const done = podSync.terminate(pod, { signal });
    await clock.advance(5000);
    await done;
    expect(metrics.value("kubelet_sleep_action_terminated_early_total")).toBe(1);
  });

  test("goes on after a preStop hook that fails, with an event", async () => {
    const { fake, podSync } = create();
    const lifecycle = { preStop: { exec: { command: ["false"] } } };
    const pod = samplePod({ containers: [{ name: "main", image: "busybox", lifecycle }] });
    await podSync.sync(pod, { signal });
    fake.runtime.exec = () => ({ exitCode: 1 });
    await podSync.terminate(pod, { signal });
    expect(fake.log.slice(-5)).toEqual([
      "event Normal Killing spec.containers{main}: Stopping container main",
      "ExecSync main 0 [false]",
      "event Warning FailedPreStopHook spec.containers{main}: PreStopHook failed",
      "StopContainer main 0 timeout=30",
      "StopPodSandbox sandbox0",
    ]);
  });

  test("does not believe a runtime whose containers run on", async () => {
    const { fake, podSync } = create();
    await podSync.sync(samplePod(), { signal });
    const { containers, sandboxes } = fake.ports;
    const lying = {
      ...fake.ports,
      containers: { ...containers, stopContainer: async () => ({}) },
      sandboxes: { ...sandboxes, stopPodSandbox: async () => ({}) },
    };
    await expect(createPodSync(lying).terminate(samplePod(), { signal })).rejects.toMatchObject({
      code: "containers-still-running",
      message: "detected running containers after a successful KillPod, CRI violation: pod web_default(uid-web), containers main",
    });
  });

  test("of an orphan uses the hook that its container remembers, and one second", async () => {
    const { fake, podSync } = create();
    const lifecycle = { preStop: { exec: { command: ["bye"] } } };
    await podSync.sync(samplePod({ containers: [{ name: "main", image: "busybox", lifecycle }] }), { signal });
    const orphan = fake.runtime.list(uid);
    if (orphan === undefined) throw new Error("the pod is not there");
    const heir = createPodSync(fake.ports);
    await heir.terminateOrphan(orphan, { signal });
    expect(heir.hasRunning(uid)).toBe(false);
    await heir.cleanUpOrphan(orphan, { signal });
    expect([...fake.held]).toEqual([]);
    expect(fake.runtime.calls.slice(-5)).toEqual([
      "ExecSync main 0 [bye]",
      "StopContainer main 0 timeout=2",
      "StopPodSandbox sandbox0",
      "RemoveContainer main 0",
      "RemovePodSandbox sandbox0",
    ]);
  });

  test("of a pod that another kubelet stopped removes its sandbox only after stopping it once more: its network may be left", async () => {
    const { fake, podSync } = create();
    await podSync.sync(samplePod(), { signal });
    await podSync.terminate(samplePod(), { signal });
    const heir = createPodSync(fake.ports);
    await heir.cleanUp(samplePod(), { signal, isRemoved: true });
    expect(fake.runtime.calls.slice(-3)).toEqual(["RemoveContainer main 0", "StopPodSandbox sandbox0", "RemovePodSandbox sandbox0"]);
  });

  test("of a pod that the runtime does not have is done at once", async () => {
    const { fake, podSync } = create();
    await podSync.terminate(samplePod(), { signal });
    await podSync.cleanUp(samplePod(), { signal, isRemoved: true });
    expect(fake.runtime.calls).toEqual([]);
  });
});

describe("clean-up", () => {
  test("of a pod that ended by itself keeps its containers and logs, and gives back the rest", async () => {
    const { fake, podSync } = create();
    const pod = samplePod({ restartPolicy: "Never" });
    await podSync.sync(pod, { signal });
    fake.runtime.exit("main", 0);
    await podSync.terminate(pod, { signal });
    await podSync.cleanUp(pod, { signal });
    expect([...fake.held]).toEqual(["files"]);
    expect(fake.runtime.find("main").state).toBe("exited");
    await podSync.cleanUp(pod, { signal, isRemoved: true });
    expect([...fake.held]).toEqual([]);
    expect(fake.runtime.inspect(uid)).toBeUndefined();
  });

  test("refuses while a container runs", async () => {
    const { fake, podSync } = create();
    await podSync.sync(samplePod(), { signal });
    await expect(podSync.cleanUp(samplePod(), { signal, isRemoved: true })).rejects.toMatchObject({ code: "containers-still-running" });
    expect(fake.held.has("volumes")).toBe(true);
  });
});

describe("a pod that replaces another", () => {
  test("has everything made ready while it may not start, and starts when it may", async () => {
    const { fake, podSync } = create();
    const gate = Promise.withResolvers<void>();
    const synced = podSync.sync(samplePod(), { signal, mayStart: gate.promise });
    await expect.poll(() => fake.runtime.calls.some((call) => call.startsWith("CreateContainer"))).toBe(true);
    expect(fake.runtime.calls.some((call) => call.startsWith("StartContainer"))).toBe(false);
    gate.resolve();
    expect(await synced).toMatchObject({ containerReasons: new Map() });
    expect(fake.runtime.calls.some((call) => call.startsWith("StartContainer"))).toBe(true);
  });

  test("gives up waiting when it is aborted, with nothing started", async () => {
    const { fake, podSync } = create();
    const stop = new AbortController();
    const synced = podSync.sync(samplePod(), { signal: stop.signal, mayStart: new Promise(() => {}) });
    await expect.poll(() => fake.runtime.calls.some((call) => call.startsWith("CreateContainer"))).toBe(true);
    stop.abort(new Error("replaced in turn"));
    await expect(synced).rejects.toThrow("replaced in turn");
    await podSync.terminate(samplePod(), { signal });
    await podSync.cleanUp(samplePod(), { signal, isRemoved: true });
    expect(fake.runtime.calls.some((call) => call.startsWith("StartContainer"))).toBe(false);
    expect(fake.ports.observed.get(uid)).toBeUndefined();
  });

  test("is told that the containers of the other have ended before that one's sandbox is stopped", async () => {
    const { fake, podSync } = create();
    await podSync.sync(samplePod(), { signal });
    let callsBefore: readonly string[] = [];
    await podSync.terminate(samplePod(), { signal, onContainersStopped: async () => void (callsBefore = [...fake.runtime.calls]) });
    expect(callsBefore.at(-1)).toMatch(/^StopContainer/);
  });

  test("is not told so when a container could not be stopped", async () => {
    const { fake, podSync } = create();
    await podSync.sync(samplePod(), { signal });
    fake.runtime.faults = ({ name }) => (name === "StopContainer" ? { error: new Error("it does not stop") } : undefined);
    let told = 0;
    await podSync.terminate(samplePod(), { signal, onContainersStopped: async () => void (told += 1) }).catch(() => undefined);
    expect(told).toBe(0);
  });
});

test("a container that the runtime refuses to remove has its processes killed, and is removed by the next try", async () => {
  const { fake } = create();
  const killed: string[] = [];
  const podSync = createPodSync({
    ...fake.ports,
    cgroups: { ...fake.ports.cgroups, killContainer: async (_pod, { containerId }) => void killed.push(containerId) },
  });
  await podSync.sync(samplePod(), { signal });
  const containerId = fake.ports.observed.get(uid)?.containers[0]?.id;
  await podSync.terminate(samplePod(), { signal });
  fake.runtime.faults = ({ name }) =>
    name === "RemoveContainer" && killed.length === 0 ? { error: new Error("cannot delete running task") } : undefined;
  await expect(podSync.cleanUp(samplePod(), { signal, isRemoved: true })).rejects.toMatchObject({ code: "removal-failed" });
  expect(killed).toEqual([containerId]);
  await podSync.cleanUp(samplePod(), { signal, isRemoved: true });
  expect(fake.ports.observed.get(uid)).toBeUndefined();
});

describe("a pod on the host network whose node cannot be asked", () => {
  const stopWithoutFacts = async (lifecycle: Lifecycle) => {
    const { fake, podSync } = create();
    const pod = samplePod({ hostNetwork: true, containers: [{ name: "main", image: "busybox", lifecycle }] });
    await podSync.sync(pod, { signal });
    const node = { ...fake.ports.node, facts: () => Promise.reject(new Error("open /etc/resolv.conf: ENOENT")) };
    await createPodSync({ ...fake.ports, node }, { clock: createFakeClock(), random: () => 0 }).terminate(pod, { signal });
    return fake;
  };

  test("is stopped all the same", async () => {
    const fake = await stopWithoutFacts({});
    expect(fake.runtime.calls.slice(-2)).toEqual(["StopContainer main 0 timeout=30", "StopPodSandbox sandbox0"]);
  });

  test("is stopped without a hook that needs the node's address, which is told", async () => {
    const fake = await stopWithoutFacts({ preStop: { httpGet: { port: 80 } } });
    expect(fake.runtime.calls.slice(-2)).toEqual(["StopContainer main 0 timeout=30", "StopPodSandbox sandbox0"]);
    expect(fake.events.at(-1)).toMatchObject({ type: "Warning", reason: "FailedPreStopHook" });
    expect(fake.hookRequests).toEqual([]);
  });
});
