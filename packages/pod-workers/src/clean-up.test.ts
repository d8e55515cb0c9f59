import { expect, test } from "vitest";
import { sketchPod } from "./testing/index.ts";
import { setUp } from "../test/set-up.ts";

test("a container that comes up when its pod has been stopped is stopped before the pod is cleaned up again", async () => {
  let isLate = true;
  const { clock, ports, workers, show, start } = setUp({}, (given) => ({
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
  const { clock, ports, workers, show, start } = setUp({}, (given) => ({
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
