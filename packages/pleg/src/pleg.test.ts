import type { PodLifecycleEvent } from "@nk/pod-model";
import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import { expect, onTestFinished, test } from "vitest";
import { createPlegMetrics } from "./metrics.ts";
import type { PlegOptions } from "./options.ts";
import { createPleg } from "./pleg.ts";
import { createPodStatusCache } from "./status-cache.ts";
import { createSimulatedRuntime } from "./testing/index.ts";
import type { SimulatedRuntimeOptions } from "./testing/index.ts";

const setUp = (given: { readonly pleg?: PlegOptions; readonly runtime?: Partial<SimulatedRuntimeOptions> } = {}) => {
  const clock = createFakeClock();
  const runtime = createSimulatedRuntime({ seed: 1, clock, ...given.runtime });
  const recorded = createRecordingMetrics();
  const metrics = createPlegMetrics(recorded);
  const cache = createPodStatusCache({ runtime: runtime.view }, { clock, metrics });
  const events: PodLifecycleEvent[] = [];
  const pleg = createPleg(
    { runtime: runtime.view, cache },
    { clock, random: () => 0, metrics, onEvent: (event) => events.push(event), ...given.pleg },
  );
  const stop = new AbortController();
  const start = (): Promise<void> => {
    const running = pleg.run(stop.signal);
    onTestFinished(async () => {
      stop.abort(new Error("the test is over"));
      await running;
      cache[Symbol.dispose]();
      await clock.advance(0);
      expect(clock.pendingCount).toBe(0);
    });
    return running;
  };
  return { clock, runtime, cache, events, pleg, recorded, stop, start };
};

test("at the start it lists and reads every pod", async () => {
  const { clock, runtime, cache, pleg, events, recorded, start } = setUp();
  const uids = Array.from({ length: 20 }, () => runtime.addPod());
  const containerId = runtime.startContainer(uids[0] ?? "");
  expect(pleg.health.healthy()).toBe(false);
  void start();
  await clock.advance(0);
  for (const uid of uids) expect(cache.get(uid)).toEqual(runtime.truth(uid));
  expect(pleg.health.healthy()).toBe(true);
  expect(events).toContainEqual({ type: "ContainerStarted", uid: uids[0], containerId });
  expect(recorded.value("kubelet_running_pods")).toBe(20);
  expect(recorded.value("kubelet_running_containers", { container_state: "running" })).toBe(1);
  expect(recorded.value("kubelet_pleg_last_seen_seconds")).toBe(clock.nowMs() / 1000);
});

test("an event is seen at once, without a list", async () => {
  const { clock, runtime, cache, pleg, events, start } = setUp({ runtime: { seed: 3 } });
  const uid = runtime.addPod();
  const containerId = runtime.startContainer(uid);
  void start();
  await clock.advance(2_000);
  expect(pleg.health.snapshot().mode).toBe("evented");
  const lists = runtime.calls.list;
  runtime.exitContainer(uid, containerId);
  await clock.advance(0);
  expect(cache.get(uid)).toEqual(runtime.truth(uid));
  expect(events.at(-1)).toEqual({ type: "ContainerDied", uid, containerId, exitCode: runtime.exits.get(containerId) });
  expect(runtime.calls.list).toBe(lists);
});

test("while nothing happens and events come, it lists once a minute and reads no pod", async () => {
  const { clock, runtime, start } = setUp();
  for (let pod = 0; pod < 50; pod += 1) runtime.addPod();
  void start();
  await clock.advance(5_000);
  const before = { ...runtime.calls };
  await clock.advance(600_000);
  expect(runtime.calls.list - before.list).toBe(10);
  expect(runtime.calls.status - before.status).toBe(0);
});

test("an echo of what our own call already refreshed costs no read", async () => {
  const { clock, runtime, cache, start } = setUp({ runtime: { faults: { late: 1, maxLateMs: 100 } } });
  const uid = runtime.addPod();
  void start();
  await clock.advance(5_000);
  runtime.startContainer(uid);
  await cache.refresh(uid);
  const before = runtime.calls.status;
  await clock.advance(200);
  expect(runtime.calls.status).toBe(before);
});

test("an event about something new has the pod listed", async () => {
  const { clock, runtime, cache, start } = setUp({ runtime: { seed: 3 } });
  const uid = runtime.addPod();
  void start();
  await clock.advance(2_000);
  const lists = runtime.calls.list;
  const containerId = runtime.startContainer(uid);
  await clock.advance(0);
  expect(cache.get(uid)?.containers.map(({ id }) => id)).toEqual([containerId]);
  expect(runtime.calls.list).toBeGreaterThan(lists);
});

test("what happens to a pod while it is held is read by whoever holds it, once", async () => {
  const { clock, runtime, cache, start } = setUp();
  const uid = runtime.addPod();
  void start();
  await clock.advance(5_000);
  const before = { ...runtime.calls };
  const hold = cache.hold(uid);
  const containerId = runtime.startContainer(uid);
  await clock.advance(100);
  expect(cache.get(uid)?.containers).toEqual([]);
  await cache.refresh(uid, { growth: { name: "pod", namespace: "default", containerId } });
  hold[Symbol.dispose]();
  await clock.advance(2_000);
  expect(cache.get(uid)?.containers.map(({ id }) => id)).toEqual([containerId]);
  expect(runtime.calls.status).toBe(before.status + 1);
  expect(runtime.calls.list).toBe(before.list);
});

test("what is news after the hold is read then", async () => {
  const { clock, runtime, cache, start } = setUp();
  const uid = runtime.addPod();
  void start();
  await clock.advance(5_000);
  const hold = cache.hold(uid);
  await cache.refresh(uid);
  const containerId = runtime.startContainer(uid);
  await clock.advance(10);
  expect(cache.get(uid)?.containers).toEqual([]);
  hold[Symbol.dispose]();
  await clock.advance(10);
  expect(cache.get(uid)?.containers.map(({ id }) => id)).toEqual([containerId]);
});

test("a pod that is held for long is read nevertheless when something happens to it", async () => {
  const { clock, runtime, cache, start } = setUp();
  const uid = runtime.addPod();
  void start();
  await clock.advance(5_000);
  using _hold = cache.hold(uid);
  const containerId = runtime.startContainer(uid);
  await clock.advance(600);
  expect(cache.get(uid)?.containers.map(({ id }) => id)).toEqual([containerId]);
});

test("without events it lists every second and reads only the pods whose entry changed", async () => {
  const { clock, runtime, cache, pleg, start } = setUp({ runtime: { hasEvents: false } });
  const uids = Array.from({ length: 10 }, () => runtime.addPod());
  void start();
  await clock.advance(500);
  const before = runtime.calls.status;
  runtime.startContainer(uids[4] ?? "");
  await clock.advance(1_200);
  expect(cache.get(uids[4] ?? "")?.containers).toEqual(runtime.truth(uids[4] ?? "")?.containers);
  expect(runtime.calls.status).toBe(before + 1);
  expect(pleg.health.snapshot().mode).toBe("generic");
});

test("a broken event stream means a list every second until it stands again", async () => {
  const { clock, runtime, cache, pleg, recorded, start } = setUp();
  const uid = runtime.addPod();
  void start();
  await clock.advance(5_000);
  runtime.stop();
  await clock.advance(4_000);
  expect(pleg.health.snapshot().mode).toBe("generic");
  expect(pleg.health.snapshot().lastError).toBeDefined();
  const containerId = runtime.startContainer(uid);
  runtime.start();
  await clock.advance(1_200);
  expect(cache.get(uid)?.containers[0]?.id).toBe(containerId);
  await clock.advance(10_000);
  expect(pleg.health.snapshot()).toMatchObject({ mode: "evented" });
  expect(pleg.health.snapshot().lastError).toBeUndefined();
  expect(recorded.value("kubelet_evented_pleg_connection_error_count")).toBeGreaterThan(0);
});

test("wedged pods, many more than places to read, do not hold up another pod", async () => {
  const { clock, runtime, cache, pleg, start } = setUp({ pleg: { concurrency: 2, slowReadMs: 100 } });
  const wedged = Array.from({ length: 6 }, () => runtime.addPod());
  const uid = runtime.addPod();
  for (const each of wedged) runtime.wedge(each);
  void start();
  await clock.advance(400);
  expect(cache.get(uid)?.sandboxes).toEqual(runtime.truth(uid)?.sandboxes);
  await clock.advance(60_000);
  for (const each of wedged) expect(cache.health(each).state).toBe("unhealthy");
  expect(pleg.health.healthy()).toBe(true);
  const containerId = runtime.startContainer(uid);
  await clock.advance(500);
  expect(cache.get(uid)?.containers[0]?.id).toBe(containerId);
});

test("an unreadable pod is read again after a growing wait and told when it is readable", async () => {
  const { clock, runtime, cache, start } = setUp({ runtime: { hasEvents: false } });
  const uid = runtime.addPod();
  runtime.wedge(uid);
  void start();
  await clock.advance(60_000);
  // 10 s each; a list asks once more while the first runs, then 2, 4 and 8 s lie between: the lists every second add none.
  expect(runtime.calls.status).toBe(5);
  runtime.unwedge(uid);
  await clock.advance(40_000);
  expect(cache.health(uid)).toEqual({ state: "healthy" });
});

test("a gap in the events has unreadable pods read again at once: the runtime may have been away between two lists", async () => {
  const { clock, runtime, cache, start } = setUp({ pleg: { unhealthyBackoffMs: { initial: 600_000, max: 600_000 } } });
  const uid = runtime.addPod();
  runtime.wedge(uid);
  void start();
  await clock.advance(21_000);
  expect(cache.health(uid).state).toBe("unhealthy");
  runtime.unwedge(uid);
  runtime.cutStreams();
  await clock.advance(1_000);
  expect(cache.health(uid)).toEqual({ state: "healthy" });
});

test("the runtime is unhealthy when no list was answered for three minutes", async () => {
  const { clock, runtime, pleg, start } = setUp();
  void start();
  await clock.advance(1_500);
  runtime.stop();
  await clock.advance(178_000);
  expect(pleg.health.healthy()).toBe(true);
  await clock.advance(3_000);
  expect(pleg.health.problem()).toMatch(/^pleg was last seen active 18\ds ago; threshold is 180s$/);
});

test("more hints than may wait are dropped, counted, and a list finds what they told", async () => {
  const { clock, runtime, cache, recorded, start } = setUp({ pleg: { concurrency: 1, maxDirtyPods: 1 }, runtime: { maxLatencyMs: 20 } });
  void start();
  await clock.advance(5_000);
  const uids = Array.from({ length: 10 }, () => runtime.addPod());
  await clock.advance(20_000);
  expect(recorded.value("kubelet_pleg_discard_events")).toBeGreaterThan(0);
  for (const uid of uids) expect(cache.get(uid)?.sandboxes).toEqual(runtime.truth(uid)?.sandboxes);
});

test("run ends when its signal aborts, even while a pod is wedged", async () => {
  const { clock, runtime, stop, start } = setUp();
  runtime.wedge(runtime.addPod());
  const running = start();
  await clock.advance(100);
  stop.abort(new Error("shutdown"));
  await expect(running).resolves.toBeUndefined();
});

test("pods that cannot be read are tried again also when the hint at that was one too many", async () => {
  const { clock, runtime, cache, start } = setUp({ pleg: { concurrency: 1, maxDirtyPods: 1, slowReadMs: 60_000 } });
  const uids = Array.from({ length: 6 }, () => runtime.addPod());
  void start();
  await clock.advance(5_000);
  for (const uid of uids) {
    runtime.wedge(uid);
    void cache.refresh(uid).catch(() => undefined);
  }
  await clock.advance(60_000);
  expect(uids.map((uid) => cache.health(uid).state)).toContain("unhealthy");
  for (const uid of uids) runtime.unwedge(uid);
  await clock.advance(300_000);
  expect(uids.map((uid) => cache.health(uid).state)).toEqual(uids.map(() => "healthy"));
});
