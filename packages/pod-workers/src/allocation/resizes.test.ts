import type { PodUid } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { expect, onTestFinished, test } from "vitest";
import { createPodWorkers } from "../pod-workers.ts";
import type { PodWorkersPorts } from "../ports.ts";
import { createFakePorts, sketchPod } from "../testing/index.ts";
import type { Allocation, AllocationStore } from "./checkpoint.ts";

/** Pod `a`, which runs with 100m. */
const setUp = async (store?: AllocationStore, change: (ports: PodWorkersPorts) => PodWorkersPorts = (ports) => ports) => {
  const clock = createFakeClock();
  const ports = createFakePorts({ holdsCalls: true });
  const changed = change({ ...ports, ...(store === undefined ? {} : { allocations: store }) });
  const workers = createPodWorkers(changed, { sources: ["api"], clock, random: () => 0 });
  const stop = new AbortController();
  const running = workers.run(stop.signal);
  onTestFinished(async () => {
    stop.abort(new Error("the test is over"));
    await running;
  });
  const finish = async (outcome: Parameters<typeof ports.finish>[2] = {}): Promise<void> => {
    ports.finish("sync", "a", outcome);
    await clock.advance(0);
  };
  const ask = async (cpu: string): Promise<void> => {
    workers.applyUpdate({ type: "update", pod: sketchPod({ uid: "a", cpu }) }, "api");
    await clock.advance(0);
  };
  workers.applySnapshot({ source: "api", pods: [sketchPod({ uid: "a", cpu: "100m" })], problems: [] });
  await clock.advance(0);
  await finish();
  return { clock, ports, workers, finish, ask };
};

/** Keeps in memory; while it is held, a write waits for `release`. */
const createStore = () => {
  const written: ReadonlyMap<PodUid, Allocation>[] = [];
  let gate: PromiseWithResolvers<void> | undefined;
  const store: AllocationStore = {
    kept: new Map(),
    keep: async (allocations) => {
      await gate?.promise;
      written.push(allocations);
    },
  };
  return {
    store,
    hold: () => void (gate = Promise.withResolvers()),
    release: (error?: Error) => {
      if (error === undefined) gate?.resolve();
      else gate?.reject(error);
      gate = undefined;
    },
    newest: () => written.at(-1),
  };
};

test("a resize that is completed while the next one is being kept does not overwrite what the pod is given by that", async () => {
  const { store, hold, release, newest } = createStore();
  const { clock, workers, finish, ask } = await setUp(store);
  await ask("200m");
  await finish();
  hold();
  await ask("300m");
  await finish({ resized: true });
  release();
  await clock.advance(0);
  expect(workers.workState("a")).toMatchObject({ resize: { inProgress: { changes: { containers: { main: ["cpu"] } } } } });
  expect(newest()?.get("a")).toMatchObject({
    resources: { containers: { main: { requests: { cpu: "300m" } } } },
    inProgress: { changes: { containers: { main: ["cpu"] } } },
  });
});

test("a pod that is gone when its resize could not be kept is not remembered", async () => {
  const { store, hold, release, newest } = createStore();
  const { clock, ports, workers, finish, ask } = await setUp(store);
  await ask("200m");
  await finish();
  await finish({ resized: true });
  await finish();
  hold();
  await ask("300m");
  workers.applyUpdate({ type: "remove", pod: sketchPod({ uid: "a" }) }, "api");
  await clock.advance(0);
  ports.finish("terminate", "a");
  await clock.advance(0);
  ports.finish("cleanUp", "a");
  await clock.advance(0);
  release(new Error("no space left on device"));
  await clock.advance(0);
  expect(newest()).toEqual(new Map());
  workers.applyUpdate({ type: "add", pod: sketchPod({ uid: "b", cpu: "100m" }) }, "api");
  await clock.advance(0);
  ports.finish("sync", "b");
  workers.applyUpdate({ type: "update", pod: sketchPod({ uid: "b", cpu: "200m" }) }, "api");
  await clock.advance(0);
  expect([...(newest()?.keys() ?? [])]).toEqual(["b"]);
});

test("a new pod does not wait for all resizes that are to be judged", async () => {
  const { store, hold, release } = createStore();
  const { clock, ports, workers, finish, ask } = await setUp(store);
  const change = (type: "add" | "update", uid: string, cpu: string): void =>
    workers.applyUpdate({ type, pod: sketchPod({ uid, cpu }) }, "api");
  await ask("200m");
  await finish();
  await finish({ resized: true });
  change("add", "b", "100m");
  await clock.advance(0);
  ports.calls.splice(0);
  hold();
  await ask("300m");
  change("update", "b", "200m");
  await ask("400m");
  release();
  hold();
  await clock.advance(0);
  change("add", "c", "100m");
  release();
  await clock.advance(0);
  const asked = ports.calls.flatMap((call) => /^(?:admit|resize) ./u.exec(call) ?? []);
  expect(asked).toEqual(["resize a", "resize a", "admit c", "resize b"]);
});

test("a resize that fails in other words each time is tried less and less often", async () => {
  const { clock, ports, finish, ask } = await setUp();
  await ask("200m");
  await finish();
  ports.calls.splice(0);
  for (let usage = 0; ports.held.includes("sync a") && usage < 12; usage += 1) {
    const why = `attempting to set pod memory limit (1) below current usage (${usage})`;
    await finish({ answerError: new Error("resize"), resized: why });
    await clock.advance(1000);
  }
  // In these 12 s: the one that failed, one more to tell it, and after 1, 2, 4 s.
  expect(ports.calls.filter((call) => call.startsWith("sync a")).length).toBeLessThanOrEqual(5);
});

test("the event about a resize that has no room now names what admission said, as the reference's does", async () => {
  const told: string[] = [];
  const { ask } = await setUp(undefined, (ports) => ({
    ...ports,
    admission: {
      admit: (_pod, _activePods, { allocated }) =>
        allocated === undefined ? { admit: true } : { admit: false, reason: "OutOfcpu", message: "no room" },
    },
    events: { record: ({ reason, message }) => void told.push(`${reason} ${message}`) },
  }));
  await ask("200m");
  expect(told).toEqual([
    'ResizeDeferred Pod resize OutOfcpu: {"containers":[{"name":"main","resources":{"requests":{"cpu":"200m"}}}],"generation":0,"error":"no room"}',
  ]);
});

test("a resize of a pod that waits for room after a restart of the kubelet is judged once the pod is admitted", async () => {
  const clock = createFakeClock();
  const ports = createFakePorts({ holdsCalls: true });
  const workers = createPodWorkers(ports, { sources: ["api"], clock, random: () => 0 });
  const stop = new AbortController();
  const running = workers.run(stop.signal);
  onTestFinished(async () => {
    stop.abort(new Error("the test is over"));
    await running;
  });
  ports.rejections.set("a", "later");
  const leaving = sketchPod({ uid: "b", isDeleting: true });
  workers.applySnapshot({ source: "api", pods: [leaving, sketchPod({ uid: "a", cpu: "300m", givenCpu: "100m" })], problems: [] });
  await clock.advance(0);
  workers.roomFreed("node_updated");
  await clock.advance(0);
  ports.finish("terminate", "b");
  await clock.advance(0);
  expect(ports.calls.filter((call) => /^(?:admit|resize) a/u.test(call)).map((call) => call.replace(/ active.*/u, ""))).toEqual([
    "admit a",
    "admit a",
    "admit a",
    "resize a from 100m to 300m",
  ]);
});
