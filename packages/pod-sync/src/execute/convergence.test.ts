import type { Pod, PodSpec } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, test } from "vitest";
import { createFakePorts, samplePod } from "../testing/index.ts";
import type { FakeCall, FakePorts } from "../testing/index.ts";
import { createPodSync } from "./pod-sync.ts";
import type { PodSync } from "./pod-sync.ts";

/** Init container, sidecar and two apps: every kind of step. The postStart hook makes the second app wait. */
const spec: PodSpec = {
  initContainers: [
    { name: "i1", image: "busybox" },
    { name: "side", image: "busybox", restartPolicy: "Always" },
  ],
  containers: [
    { name: "a", image: "busybox", lifecycle: { postStart: { exec: { command: ["true"] } }, preStop: { exec: { command: ["true"] } } } },
    { name: "b", image: "busybox" },
  ],
};
const pod = samplePod(spec);
const { signal } = new AbortController();

const isRunning = (fake: FakePorts): boolean => {
  const status = fake.runtime.inspect("uid-web");
  const running = status?.containers.filter((container) => container.state === "running").map((container) => container.name);
  return running?.toSorted().join() === "a,b,side";
};

const create = () => {
  const clock = createFakeClock();
  const fake = createFakePorts({ clock });
  return { clock, fake, podSync: createPodSync(fake.ports, { clock, random: () => 0 }) };
};

/** Passes over the pod as a pod worker would, until it runs. Init containers end when they are seen to run. */
const bringUp = async (fake: FakePorts, clock: ReturnType<typeof createFakeClock>, podSync: PodSync): Promise<number> => {
  for (let pass = 1; pass <= 30; pass += 1) {
    const { retryAtMs } = await podSync.sync(pod, { signal });
    const init = fake.runtime.inspect("uid-web")?.containers.find((container) => container.name === "i1");
    if (init?.state === "running") fake.runtime.exit("i1", 0);
    if (isRunning(fake)) return pass;
    if (retryAtMs !== undefined) await clock.advance(Math.max(0, retryAtMs - clock.nowMs()));
  }
  throw new Error(`the pod does not come up:\n${fake.log.join("\n")}`);
};

const expectSound = (fake: FakePorts): void => {
  const status = fake.runtime.inspect("uid-web");
  expect(status?.sandboxes.filter((sandbox) => sandbox.state === "ready")).toHaveLength(1);
  const running = status?.containers.filter((container) => container.state === "running").map((container) => container.name) ?? [];
  expect(running).toEqual([...new Set(running)]);
};

const countCalls = async (): Promise<number> => {
  const { fake, clock, podSync } = create();
  let count = 0;
  fake.runtime.faults = () => {
    count += 1;
    return undefined;
  };
  await bringUp(fake, clock, podSync);
  return count;
};

const total = await countCalls();
const everyCall = Array.from({ length: total }, (_, index) => index);

describe.each(["before", "after"] as const)("a call that fails %s it had its effect", (when) => {
  test.each(everyCall)("leaves a pod that comes up: call %i", async (failing) => {
    const { fake, clock, podSync } = create();
    const error = new Error("injected");
    fake.runtime.faults = ({ index }) => (index === failing ? { error, when } : undefined);
    await bringUp(fake, clock, podSync);
    expectSound(fake);
    expect(isRunning(fake)).toBe(true);
  });
});

test.each(everyCall)("another kubelet goes on where one was killed: call %i", async (failing) => {
  const { fake, clock, podSync } = create();
  let isDead = false;
  fake.runtime.faults = ({ index }) => {
    // Nothing a dead kubelet still asks for reaches the runtime.
    isDead ||= index === failing;
    return isDead ? { error: new Error("killed") } : undefined;
  };
  await podSync.sync(pod, { signal });
  if (!isDead) fake.runtime.exit("i1", 0);
  if (!isDead) await podSync.sync(pod, { signal });
  fake.runtime.faults = () => undefined;

  const heir = createPodSync(fake.ports, { clock, random: () => 0 });
  await fake.runtime.observed.refresh("uid-web", {});
  const before = fake.runtime.inspect("uid-web")?.containers.filter((container) => container.state === "running") ?? [];
  await bringUp(fake, clock, heir);
  expectSound(fake);
  const after = fake.runtime.inspect("uid-web")?.containers ?? [];
  // What ran goes on running, in the same instance.
  for (const { id, name } of before) if (name !== "i1") expect(after.find((container) => container.id === id)?.state).toBe("running");
  expect(after.every((container) => container.attempt === 0)).toBe(true);
});

test.each<FakeCall>(["StopContainer", "StopPodSandbox", "ExecSync", "Observe"])("termination goes on after a failed %s", async (name) => {
  const { fake, clock, podSync } = create();
  await bringUp(fake, clock, podSync);
  let isFailing = true;
  fake.runtime.faults = (call) => (isFailing && call.name === name ? { error: new Error("injected") } : undefined);
  const first = await podSync.terminate(pod, { signal }).then(
    () => "done",
    () => "failed",
  );
  // A hook may fail, and a sandbox that is stopped takes its containers with it.
  expect(first).toBe(name === "StopPodSandbox" || name === "Observe" ? "failed" : "done");
  isFailing = false;
  await podSync.terminate(pod, { signal });
  const removed: Pod = samplePod(spec, { deletionTimestamp: "2026-01-01T00:00:00Z" });
  await podSync.cleanUp(removed, { signal, isRemoved: true });
  expect(fake.runtime.inspect("uid-web")).toBeUndefined();
  expect([...fake.held]).toEqual([]);
});

test("a clean-up that failed at any port is finished by the next", async () => {
  const { fake, clock, podSync } = create();
  await bringUp(fake, clock, podSync);
  await podSync.terminate(pod, { signal });
  fake.failure = new Error("busy");
  // The volumes were given back while the sandbox was stopped.
  await expect(podSync.cleanUp(pod, { signal, isRemoved: true })).rejects.toMatchObject({ name: "PodSyncError", code: "cgroup-failed" });
  fake.failure = undefined;
  await podSync.cleanUp(pod, { signal, isRemoved: true });
  expect([...fake.held]).toEqual([]);
});
