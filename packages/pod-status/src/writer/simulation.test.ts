import { podRef } from "@nk/pod-model";
import type { Pod, PodStatus } from "@nk/pod-model";
import { createSeededRandom } from "@nk/stdx";
import { createFakeClock } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import { createFakePodApi, sketchApiPod, sketchStatus } from "../testing/index.ts";
import type { ApiMood } from "../testing/index.ts";
import { mergeStatus } from "./merge-status.ts";
import { isSameByKubelet } from "./same-status.ts";
import { createStatusWriter } from "./status-writer.ts";
import type { StatusWriter } from "./status-writer.ts";

/**
 * Guards against lost, stale and endless writes: statuses change, the watch lags, requests fail before and after they are done, others
 * overwrite, the kubelet restarts. When all is calm, the API shows what was published last, and then nothing is written any more.
 */
const SEEDS = 300;
const STEPS = 40;
const NAMES = ["a", "b", "c"];

interface World {
  readonly random: () => number;
  readonly published: Map<string, PodStatus>;
}

const pick = <T>({ random }: World, items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

const randomStatus = (world: World): PodStatus =>
  sketchStatus({ phase: pick(world, ["Pending", "Running"]), isReady: world.random() < 0.5, restarts: Math.floor(world.random() * 3) });

const simulate = async (seed: number, totals: { requests: number; failures: number; repairs: number }): Promise<void> => {
  const world: World = { random: createSeededRandom(seed), published: new Map() };
  const clock = createFakeClock();
  let isCalm = false;
  const mood = (): ApiMood => {
    if (isCalm || world.random() < 0.7) return "works";
    totals.failures += 1;
    return pick(world, ["fails", "fails-after", "hangs"]);
  };
  const objects = new Map<string, Pod>();
  // The watch: in order, at some later time.
  const events: Pod[] = [];
  const api = createFakePodApi({
    mood,
    onChange: (key, pod) => {
      if (pod === undefined) return;
      objects.set(key, pod);
      events.push(pod);
    },
  });
  const createWriter = (): StatusWriter => createStatusWriter({ api }, { clock, random: world.random, maxConcurrent: 2 });
  let writer = createWriter();
  let stop = new AbortController();
  let stopped = Promise.resolve();
  const start = (): void => {
    writer = createWriter();
    stop = new AbortController();
    stopped = writer.run(stop.signal);
    events.length = 0;
    for (const pod of objects.values()) writer.observed(pod);
  };
  const publish = (name: string, status: PodStatus): void => {
    world.published.set(name, status);
    writer.publish(objects.get(`default/${name}`) ?? {}, status, { couldHaveRunningContainers: true });
  };
  for (const name of NAMES) api.put(sketchApiPod({ name }));
  start();

  const actions: (() => void | Promise<void>)[] = [
    () => publish(pick(world, NAMES), randomStatus(world)),
    () => publish(pick(world, NAMES), randomStatus(world)),
    () => {
      const pod = events.shift();
      if (pod !== undefined) writer.observed(pod);
    },
    () => clock.advance(world.random() * 400),
    () => clock.advance(world.random() * 12_000),
    () => writer.apiReachable(),
    () => {
      if (world.random() > 0.3) return;
      totals.repairs += 1;
      api.setStatus(`default/${pick(world, NAMES)}`, randomStatus(world));
    },
    async () => {
      if (world.random() > 0.2) return;
      stop.abort(new Error("restart"));
      await stopped;
      start();
      // What the new kubelet computes is what was true for the old one.
      for (const [name, status] of world.published) publish(name, status);
    },
  ];
  for (let step = 0; step < STEPS; step += 1) {
    await pick(world, actions)();
    if (world.random() < 0.5) await clock.advance(0);
  }
  isCalm = true;
  for (const pod of events.splice(0)) writer.observed(pod);
  for (let round = 0; round < 3; round += 1) {
    await clock.advance(400_000);
    for (const pod of events.splice(0)) writer.observed(pod);
  }
  await writer.onIdle();
  for (const [name, status] of world.published) {
    const shown = api.get(`default/${name}`)?.status ?? {};
    expect(isSameByKubelet(shown, mergeStatus(shown, status, { couldHaveRunningContainers: true })), `seed ${seed}: ${name}`).toBe(true);
    expect(writer.writeState(name), `seed ${seed}`).toMatchObject({ state: "idle", isShown: true, failures: 0 });
  }
  totals.requests += api.requests.length;
  api.requests.length = 0;
  for (const [name, status] of world.published) publish(name, status);
  for (const pod of objects.values()) writer.observed(pod);
  await clock.advance(400_000);
  expect(api.requests, `seed ${seed}: nothing changed`).toEqual([]);
  // A kubelet that comes back to this writes nothing either.
  stop.abort(new Error("restart"));
  await stopped;
  start();
  for (const [name, status] of world.published) publish(name, status);
  await clock.advance(400_000);
  expect(api.requests, `seed ${seed}: nothing changed over a restart`).toEqual([]);
  stop.abort(new Error("the end"));
  expect(podRef(objects.get("default/a") ?? {}).uid).toBe("a");
};

test("when all is calm the API shows what was published last, and nothing more is written", async () => {
  const totals = { requests: 0, failures: 0, repairs: 0 };
  for (let seed = 0; seed < SEEDS; seed += 1) await simulate(seed, totals);
  // The simulation is worth something only while it meets what it is about.
  expect(totals.requests).toBeGreaterThan(SEEDS * 3);
  expect(totals.failures).toBeGreaterThan(SEEDS);
  expect(totals.repairs).toBeGreaterThan(SEEDS / 3);
});
