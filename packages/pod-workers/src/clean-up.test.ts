import { createFakeClock } from "@nk/stdx/testing";
import { expect, onTestFinished, test } from "vitest";
import { createPodWorkers } from "./pod-workers.ts";
import type { PodWorkersPorts } from "./ports.ts";
import { createFakePorts, sketchPod } from "./testing/index.ts";

const setUp = (changePorts: (ports: PodWorkersPorts) => PodWorkersPorts = (ports) => ports) => {
  const clock = createFakeClock();
  const ports = createFakePorts();
  const workers = createPodWorkers(changePorts(ports), { sources: ["api"], clock, random: () => 0 });
  const start = (): void => {
    const stop = new AbortController();
    const running = workers.run(stop.signal);
    onTestFinished(async () => {
      stop.abort(new Error("the test is over"));
      await running;
      expect(clock.pendingCount).toBe(0);
    });
  };
  const show = (...uids: readonly string[]): void =>
    workers.applySnapshot({ source: "api", pods: uids.map((uid) => sketchPod({ uid })), problems: [] });
  return { clock, ports, workers, start, show };
};

test("a container that comes up when its pod has been stopped is stopped before the pod is cleaned up again", async () => {
  let isLate = true;
  const { clock, ports, workers, show, start } = setUp((given) => ({
    ...given,
    runtime: {
      ...given.runtime,
      cleanUp: async (pod, options) => {
        // The runtime finishes what an aborted pass had asked of it.
        if (isLate) ports.running.add("a");
        isLate = false;
        if (ports.running.has("a")) throw new Error("containers run: main");
        await given.runtime.cleanUp(pod, options);
      },
    },
  }));
  show("a");
  start();
  await clock.advance(0);
  show();
  await clock.advance(60_000);
  expect(ports.calls.filter((call) => call.startsWith("terminate") || call.startsWith("cleanUp"))).toEqual([
    "terminate a grace=30",
    "terminate a grace=1",
    "cleanUp a removed",
  ]);
  expect(workers.workState("a")).toBeUndefined();
});

test("a pod that its source gives up while it is cleaned up is cleaned up once more, as one that was removed", async () => {
  const held = Promise.withResolvers<void>();
  const { clock, ports, workers, show, start } = setUp((given) => ({
    ...given,
    runtime: {
      ...given.runtime,
      cleanUp: async (pod, options) => {
        await given.runtime.cleanUp(pod, options);
        if (options.isRemoved !== true) await held.promise;
      },
    },
  }));
  show("a");
  start();
  await clock.advance(0);
  workers.applyUpdate({ type: "update", pod: sketchPod({ uid: "a", isDeleting: true }) }, "api");
  await clock.advance(0);
  show();
  held.resolve();
  await clock.advance(0);
  expect(ports.calls.filter((call) => call.startsWith("cleanUp"))).toEqual(["cleanUp a", "cleanUp a removed"]);
  expect(workers.workState("a")).toBeUndefined();
});

test("what an earlier kubelet ran of a pod that this one rejects is cleaned up when its source gives it up", async () => {
  const { clock, ports, workers, show, start } = setUp();
  ports.rejections.set("a", "OutOfcpu");
  ports.running.add("a");
  show("a");
  start();
  await clock.advance(0);
  expect(workers.workState("a")).toMatchObject({ state: "finished", cause: { type: "rejected" } });
  show();
  await clock.advance(0);
  expect(ports.calls.filter((call) => call.startsWith("cleanUp"))).toEqual(["cleanUp a", "cleanUp a removed"]);
  expect(workers.workState("a")).toBeUndefined();
});
