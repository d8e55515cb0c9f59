import type { Container, ResizableResource, ResourceRequirements } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, test } from "vitest";
import { createFakePorts, samplePod } from "../testing/index.ts";
import { createFakeResizing } from "../testing/fake-resizing.ts";
import { createPodSync } from "./pod-sync.ts";

const { signal } = new AbortController();

const sized = (cpu: string, memory: string): ResourceRequirements => ({ requests: { cpu, memory }, limits: { cpu, memory } });
const main = (resources: ResourceRequirements, more: Partial<Container> = {}): Container => ({
  name: "main",
  image: "busybox",
  resources,
  ...more,
});
const podWith = (resources: ResourceRequirements, more: Partial<Container> = {}) => samplePod({ containers: [main(resources, more)] });

const small = sized("100m", "1Ki");
const large = sized("200m", "2Ki");

/** A pod that runs with the small resources. */
const open = async (more: Partial<Container> = {}) => {
  const clock = createFakeClock();
  const fake = createFakePorts({ clock });
  const resizing = createFakeResizing(fake);
  const podSync = createPodSync(resizing.ports, { clock, random: () => 0 });
  await podSync.sync(podWith(small, more), { signal });
  fake.runtime.patch("main", {
    resources: { cpuShares: 102n, cpuQuotaMicros: 10_000n, cpuPeriodMicros: 100_000n, memoryLimitBytes: 1024n },
  });
  const order = (acceptedAtMs: number, resources: readonly ResizableResource[] = ["memory", "cpu"]) => ({
    acceptedAtMs,
    changes: { containers: { main: resources }, pod: [] },
  });
  const resize = (to: ResourceRequirements, given: ReturnType<typeof order>) => podSync.sync(podWith(to, more), { signal, resize: given });
  return { clock, fake, resizing, podSync, order, resize };
};

describe("a resize", () => {
  test("is written in order, reported when it is done, and not done again", async () => {
    const { resizing, fake, order, resize, podSync, clock } = await open();
    const result = await resize(large, order(clock.nowMs() + 1));
    expect(resizing.calls).toEqual([
      "pod memory=2048",
      "main memory=2048 quota=10000 shares=102",
      "pod quota=20000",
      "pod shares=204",
      "main memory=2048 quota=20000 shares=204",
    ]);
    expect(result.resize).toEqual({ acceptedAtMs: clock.nowMs() + 1 });
    expect(fake.ports.observed.get("uid-web")?.containers[0]?.resources).toMatchObject({ memoryLimitBytes: 2048n, cpuShares: 204n });
    resizing.calls.length = 0;
    expect((await resize(large, order(clock.nowMs() + 1))).resize).toEqual({ acceptedAtMs: clock.nowMs() + 1 });
    await podSync.sync(podWith(large), { signal });
    expect(resizing.calls).toEqual([]);
  });

  test("goes on after a failure where it stopped, and says why it failed", async () => {
    const { resizing, order, resize, clock } = await open();
    resizing.failure = (call) => (call === "pod shares=204" ? new Error("device or resource busy") : undefined);
    const failed = await resize(large, order(clock.nowMs() + 1));
    expect(failed.resize).toEqual({ acceptedAtMs: clock.nowMs() + 1, error: "device or resource busy" });
    expect(failed.error).toMatchObject({ code: "resize-failed" });
    expect(failed.retryAtMs).toBe(clock.nowMs() + 1000);
    resizing.failure = () => undefined;
    resizing.calls.length = 0;
    expect((await resize(large, order(clock.nowMs() + 1))).resize?.error).toBeUndefined();
    expect(resizing.calls).toEqual(["pod shares=204", "main memory=2048 quota=20000 shares=204"]);
  });

  test("changes nothing when a limit would fall below what is used", async () => {
    const { resizing, order, resize, clock } = await open();
    const tiny = sized("100m", "512");
    resizing.usage.set("main", 600n).set("pod", 700n);
    expect((await resize(tiny, order(clock.nowMs() + 1, ["memory"]))).resize?.error).toBe(
      "cannot decrease memory limits: [attempting to set pod memory limit (512) below current usage (700), " +
        'attempting to set container "main" memory limit (512) below current usage (600)]',
    );
    expect(resizing.calls).toEqual([]);
    resizing.usage.set("pod", 500n);
    expect((await resize(tiny, order(clock.nowMs() + 1, ["memory"]))).resize?.error).toBe(
      'cannot decrease memory limits: attempting to set container "main" memory limit (512) below current usage (600)',
    );
    resizing.usage.set("main", 500n);
    expect((await resize(tiny, order(clock.nowMs() + 1, ["memory"]))).resize).toEqual({ acceptedAtMs: clock.nowMs() + 1 });
    expect(resizing.calls).toEqual(["main memory=512 quota=10000 shares=102", "pod memory=512"]);
  });

  test("is refused when the runtime refuses it for the sandbox, but not when it does not know the call", async () => {
    const { resizing, order, resize, clock } = await open();
    const failing = (error: Error) => (call: string) => (call === "sandbox" ? error : undefined);
    resizing.failure = failing(new Error("no"));
    expect((await resize(large, order(clock.nowMs() + 1))).resize?.error).toBe(
      "failed to notify runtime for UpdatePodSandboxResources (resource=memory); resize rejected: no",
    );
    expect(resizing.calls).toEqual([]);
    resizing.failure = failing(Object.assign(new Error("unknown method"), { code: "unimplemented" }));
    expect((await resize(large, order(clock.nowMs() + 1))).resize?.error).toBeUndefined();
    resizing.failure = failing(new Error("not implemented yet"));
    expect((await resize(small, order(clock.nowMs() + 2))).resize?.error).toBeUndefined();
  });

  test("restarts a container whose policy says so, once, after the pod was raised", async () => {
    const policy = { resizePolicy: [{ resourceName: "memory", restartPolicy: "RestartContainer" }] };
    const { fake, resizing, order, resize, clock } = await open(policy);
    const before = fake.runtime.calls.length;
    const result = await resize(large, order(clock.nowMs() + 1));
    expect(fake.runtime.calls.slice(before)).toEqual([
      "StopContainer main 0 timeout=30",
      "CreateContainer main 1",
      "StartContainer main 1",
    ]);
    expect(fake.events.find(({ reason }) => reason === "Killing")?.message).toBe("Container main resize requires restart");
    expect(resizing.calls).toEqual(["pod memory=2048", "pod quota=20000", "pod shares=204"]);
    expect(result.resize).toEqual({ acceptedAtMs: clock.nowMs() + 1 });
    await resize(large, order(clock.nowMs() + 1));
    expect(fake.runtime.calls).toHaveLength(before + 3);
  });

  test("is made again by a kubelet that starts anew, without another restart", async () => {
    const policy = { resizePolicy: [{ resourceName: "memory", restartPolicy: "RestartContainer" }] };
    const { fake, resizing, order, resize, clock } = await open(policy);
    const given = order(clock.nowMs());
    await clock.advance(10);
    await resize(large, given);
    resizing.calls.length = 0;
    const before = fake.runtime.calls.length;
    const next = createPodSync(resizing.ports, { clock, random: () => 0 });
    expect((await next.sync(podWith(large, policy), { signal, resize: given })).resize).toEqual({ acceptedAtMs: given.acceptedAtMs });
    expect([fake.runtime.calls.length, resizing.calls]).toEqual([before, ["main memory=2048 quota=20000 shares=204"]]);
  });

  test("of a container that is being made with the old resources is brought to it by the next order", async () => {
    const { resizing, order, resize, podSync, fake, clock } = await open();
    fake.runtime.exit("main", 1);
    const given = order(clock.nowMs());
    // The pass that starts it began before the order came.
    await podSync.sync(podWith(small), { signal });
    await resize(large, given);
    expect(resizing.calls.some((call) => call.startsWith("main memory=2048"))).toBe(true);
  });

  test("needs neither runtime nor cgroup that can be changed", async () => {
    const clock = createFakeClock();
    const fake = createFakePorts({ clock });
    const podSync = createPodSync(fake.ports, { clock, random: () => 0 });
    await podSync.sync(podWith(small), { signal });
    const resize = { acceptedAtMs: clock.nowMs() + 1, changes: { containers: { main: ["cpu"] as const }, pod: [] } };
    expect((await podSync.sync(podWith(large), { signal, resize })).resize).toEqual({ acceptedAtMs: resize.acceptedAtMs });
  });
});
