import type { RuntimePodStatus } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import { isPlegError } from "./errors.ts";
import type { RuntimeView } from "./ports.ts";
import { createPodStatusCache } from "./status-cache.ts";
import { createSimulatedRuntime } from "./testing/index.ts";

const setUp = (options: { readonly maxLatencyMs?: number } = {}) => {
  const clock = createFakeClock();
  const runtime = createSimulatedRuntime({ seed: 1, clock, ...options });
  const cache = createPodStatusCache({ runtime: runtime.view }, { clock, statusTimeoutMs: 5_000 });
  return { clock, runtime, cache };
};

/** A runtime whose status reads end when the test says so. */
const createHeldRuntime = (runtime: RuntimeView) => {
  const held: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const view: RuntimeView = {
    listPods: (options) => runtime.listPods(options),
    getPodStatus: async (pod, options) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => held.push(resolve));
      running -= 1;
      return runtime.getPodStatus(pod, options);
    },
  };
  return { view, held, mostAtOnce: () => most };
};

test("refresh reads the pod, stores the answer and tells the listeners only of differences", async () => {
  const { runtime, cache } = setUp();
  const told: [string, RuntimePodStatus | undefined, RuntimePodStatus | undefined][] = [];
  using _subscription = cache.subscribe((...change) => told.push(change));
  const uid = runtime.addPod();
  expect(cache.get(uid)).toBeUndefined();
  const first = await cache.refresh(uid);
  expect(first).toEqual(runtime.truth(uid));
  expect(cache.get(uid)).toBe(first);
  await cache.refresh(uid);
  expect(told).toEqual([[uid, first, undefined]]);
  runtime.removePod(uid);
  expect(await cache.refresh(uid)).toBeUndefined();
  expect(told).toHaveLength(2);
  expect(cache.knownUids()).toEqual([]);
});

test("refreshes asked while one runs share one read that starts after they asked", async () => {
  const clock = createFakeClock();
  const runtime = createSimulatedRuntime({ seed: 1, clock });
  const uid = runtime.addPod();
  const { view, held, mostAtOnce } = createHeldRuntime(runtime.view);
  const cache = createPodStatusCache({ runtime: view }, { clock });
  const first = cache.refresh(uid);
  await expect.poll(() => held.length).toBe(1);
  const containerId = runtime.startContainer(uid);
  const others = [cache.refresh(uid), cache.refresh(uid), cache.refresh(uid)];
  held.shift()?.();
  await first;
  await expect.poll(() => held.length).toBe(1);
  held.shift()?.();
  for (const status of await Promise.all(others)) expect(status?.containers.map((container) => container.id)).toEqual([containerId]);
  expect(runtime.calls.status).toBe(2);
  expect(mostAtOnce()).toBe(1);
});

test("a caller that says what is new has no list made, unless another needs one or the read before failed", async () => {
  const { runtime, cache } = setUp();
  const uid = runtime.addPod();
  const names = { name: "pod", namespace: "default" };
  const sandboxId = runtime.truth(uid)?.sandboxes[0]?.id ?? "";
  const first = await cache.refresh(uid, { growth: { ...names, sandboxId } });
  expect(first?.sandboxes).toEqual(runtime.truth(uid)?.sandboxes);
  const containerId = runtime.startContainer(uid);
  await cache.refresh(uid, { growth: { ...names, containerId } });
  expect(cache.get(uid)?.containers).toEqual(runtime.truth(uid)?.containers);
  expect(runtime.calls.list).toBe(0);
  await Promise.all([cache.refresh(uid, { growth: names }), cache.refresh(uid, { growth: names }), cache.refresh(uid)]);
  expect(runtime.calls.list).toBe(1);
  runtime.stop();
  await cache.refresh(uid, { growth: names }).catch(() => undefined);
  runtime.start();
  await cache.refresh(uid, { growth: names });
  expect(runtime.calls.list).toBe(2);
  runtime.removePod(uid);
  expect(await cache.refresh(uid, { growth: names })).toBeUndefined();
  expect(cache.knownUids()).toEqual([]);
});

test("a pod is settled when it is neither held nor read, and listeners are told", async () => {
  const { runtime, cache } = setUp();
  const uid = runtime.addPod();
  const told: string[] = [];
  using _subscription = cache.subscribeSettled((each) => told.push(each));
  expect(cache.isSettled(uid)).toBe(true);
  const outer = cache.hold(uid);
  const inner = cache.hold(uid);
  const reading = cache.refresh(uid);
  outer[Symbol.dispose]();
  outer[Symbol.dispose]();
  await reading;
  expect(cache.isSettled(uid)).toBe(false);
  expect(told).toEqual([]);
  inner[Symbol.dispose]();
  expect(cache.isSettled(uid)).toBe(true);
  expect(told).toEqual([uid]);
  await cache.refresh(uid);
  expect(told).toEqual([uid, uid]);
});

test("a read that never ends makes that pod unhealthy after the deadline and leaves the others alone", async () => {
  const { clock, runtime, cache } = setUp();
  const wedged = runtime.addPod();
  const other = runtime.addPod();
  await cache.refresh(wedged);
  runtime.wedge(wedged);
  const outcome = cache.refresh(wedged).catch((error: unknown) => error);
  await cache.refresh(other);
  expect(cache.get(other)).toEqual(runtime.truth(other));
  await clock.advance(5_000);
  const error = await outcome;
  expect(isPlegError(error) && error.code).toBe("status-timeout");
  expect(cache.health(wedged)).toMatchObject({ state: "unhealthy", sinceMs: clock.nowMs(), failures: 1 });
  expect(cache.health(other)).toEqual({ state: "healthy" });
  expect(cache.get(wedged)).toBeDefined();
  runtime.unwedge(wedged);
  await cache.refresh(wedged);
  expect(cache.health(wedged)).toEqual({ state: "healthy" });
});

test("a failed read rejects with the cause and keeps the last status", async () => {
  const { runtime, cache } = setUp();
  const uid = runtime.addPod();
  await cache.refresh(uid);
  runtime.stop();
  await expect(cache.refresh(uid)).rejects.toMatchObject({
    code: "status-read-failed",
    cause: { message: "the simulated runtime is down" },
  });
  expect(cache.get(uid)).toEqual(runtime.truth(uid));
  expect(cache.health(uid)).toMatchObject({ state: "unhealthy" });
});

test("an aborted caller leaves with its reason, and the read goes on for the others", async () => {
  const clock = createFakeClock();
  const runtime = createSimulatedRuntime({ seed: 1, clock });
  const uid = runtime.addPod();
  const { view, held } = createHeldRuntime(runtime.view);
  const cache = createPodStatusCache({ runtime: view }, { clock });
  const caller = new AbortController();
  const aborted = cache.refresh(uid, { signal: caller.signal });
  await expect.poll(() => held.length).toBe(1);
  caller.abort(new Error("not needed any more"));
  await expect(aborted).rejects.toThrow("not needed any more");
  held.shift()?.();
  await expect.poll(() => cache.get(uid)).toBeDefined();
});

test("closing ends the reads that run and refuses new ones", async () => {
  const { runtime, cache } = setUp();
  const uid = runtime.addPod();
  runtime.wedge(uid);
  const pending = cache.refresh(uid);
  cache[Symbol.dispose]();
  await expect(pending).rejects.toMatchObject({ code: "closed" });
  await expect(cache.refresh(uid)).rejects.toMatchObject({ code: "closed" });
});
