import { podFullName, podRef } from "@nk/pod-model";
import type { Pod, PodUid } from "@nk/pod-model";
import { createSeededRandom, raceSignal } from "@nk/stdx";
import { createFakeClock } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import { createPodWorkers } from "./pod-workers.ts";
import type { PodWorkersPorts } from "./ports.ts";
import { sketchPod, sketchRuntimePod } from "./testing/index.ts";

/**
 * Guards against the failures of k/k#104648 and its kin: a static pod that never comes back, two of one name at once, a pod stuck while
 * being stopped. Sources change at random, port calls take random times and fail; afterwards the node must run what is wanted.
 */
const SEEDS = 200;
const STEPS = 30;
const FILES = ["web", "db"];
const API = ["p1", "p2", "p3", "p4"];

const simulate = async (seed: number, totals: { passes: number; failures: number; stopped: number; yielded: number }): Promise<void> => {
  const random = createSeededRandom(seed);
  const clock = createFakeClock();
  let isCalm = false;
  const busy = new Set<PodUid>();
  const running = new Map<PodUid, string>();
  const killed = new Set<PodUid>();
  const staticUids = new Set<PodUid>();
  // A failed expectation inside a port would only look like one more failed pass, so it is kept until the end.
  const violations: string[] = [];

  const call = async (uid: PodUid, signal: AbortSignal, effect: () => void): Promise<void> => {
    if (busy.has(uid)) violations.push(`two calls at once for ${uid}`);
    busy.add(uid);
    totals.passes += 1;
    try {
      if (random() < 0.7) await clock.sleep(random() * 300, { signal });
      if (!isCalm && random() < 0.2) {
        totals.failures += 1;
        throw new Error("a simulated failure");
      }
      effect();
    } finally {
      busy.delete(uid);
    }
  };
  const stoppedOnce = new Set<PodUid>();
  const stopped = (uid: PodUid): void => {
    if (stoppedOnce.has(uid)) violations.push(`${uid} was stopped twice`);
    stoppedOnce.add(uid);
    totals.stopped += 1;
    running.delete(uid);
  };
  const mustNotRun = (uid: PodUid): void => {
    stoppedOnce.delete(uid);
    if (running.has(uid)) violations.push(`${uid} is finished and still runs`);
  };
  const ports: PodWorkersPorts = {
    admission: { admit: () => (random() < 0.5 ? { admit: true } : clock.sleep(random() * 50).then(() => ({ admit: true }))) },
    status: {
      publish: () => ({ terminal: false }),
      rejected: () => undefined,
      finished: (pod) => mustNotRun(podRef(pod).uid),
    },
    runtime: {
      sync: async (pod: Pod, { signal, mayStart }) => {
        const { uid } = podRef(pod);
        if (mayStart !== undefined) await raceSignal(mayStart, signal);
        const name = podFullName(podRef(pod));
        if (staticUids.has(uid)) {
          for (const [other, otherName] of running) if (other !== uid && otherName === name) violations.push(`${uid} beside ${other}`);
        }
        running.set(uid, name);
        await call(uid, signal, () => undefined);
        return random() < 0.3 ? { retryAtMs: clock.nowMs() + random() * 500 } : {};
      },
      terminate: async (pod, { signal, onContainersStopped }) => {
        const { uid } = podRef(pod);
        if (random() < 0.5) {
          await call(uid, signal, () => running.delete(uid));
          await onContainersStopped?.();
          totals.yielded += 1;
        }
        await call(uid, signal, () => stopped(uid));
      },
      cleanUp: (pod, { signal }) => call(podRef(pod).uid, signal, () => mustNotRun(podRef(pod).uid)),
      terminateOrphan: (pod, { signal }) => call(pod.uid, signal, () => stopped(pod.uid)),
      cleanUpOrphan: (pod, { signal }) => call(pod.uid, signal, () => mustNotRun(pod.uid)),
      hasRunning: (uid) => running.has(uid),
    },
  };
  const workers = createPodWorkers(ports, { sources: ["file", "api"], clock, random });
  const stop = new AbortController();
  const ended = workers.run(stop.signal);
  running.set("left-over", "left-over_default");

  const showFiles = (): void => {
    const pods = FILES.filter(() => random() < 0.8).map((name) => {
      // A changed file is another UID; a touched or restored one the same as before.
      const uid = `${name}-${Math.floor(random() * 3)}`;
      staticUids.add(uid);
      return sketchPod({ uid, name });
    });
    workers.applySnapshot({ source: "file", pods, problems: [] });
  };
  const showApi = (): void =>
    workers.applySnapshot({
      source: "api",
      pods: API.filter(() => random() < 0.7).map((uid) =>
        sketchPod({ uid, version: String(Math.floor(random() * 3)), isDeleting: random() < 0.1 }),
      ),
      problems: [],
    });
  const act = (): void => {
    const roll = random();
    const work = workers.list()[Math.floor(random() * workers.list().length)];
    if (roll < 0.3) showFiles();
    else if (roll < 0.5) showApi();
    else if (roll < 0.55) workers.reconcileRuntime([...running.keys()].map((uid) => sketchRuntimePod(uid)));
    else if (work === undefined) return;
    else if (roll < 0.9) workers.wake(work.ref.uid, "simulated");
    else {
      killed.add(work.ref.uid);
      void workers.kill(work.ref.uid, { reason: "Evicted", message: "", gracePeriodSeconds: Math.floor(random() * 30) });
    }
  };
  for (let step = 0; step < STEPS; step += 1) {
    act();
    await clock.advance(random() < 0.3 ? 0 : random() * 300);
  }
  // A final state that differs from everything before in nothing but being final.
  isCalm = true;
  showFiles();
  showApi();
  workers.reconcileRuntime([...running.keys()].map((uid) => sketchRuntimePod(uid)));
  await clock.advance(40_000);

  expect(violations).toEqual([]);
  const desired = workers.desiredPods();
  const desiredUids = desired.map((pod) => podRef(pod).uid);
  expect(
    workers
      .list()
      .map((work) => work.ref.uid)
      .toSorted(),
  ).toEqual(desiredUids.toSorted());
  for (const pod of desired) {
    const { uid } = podRef(pod);
    const state = workers.workState(uid)?.state;
    if (pod.metadata?.deletionTimestamp !== undefined) expect(state).toBe("finished");
    // A kill counts for one generation; a pod that was wanted anew after it may run.
    else if (killed.has(uid)) expect(["syncing", "finished"]).toContain(state);
    // A deletion that the API took back does not revive what it stopped.
    else if (staticUids.has(uid)) expect(state).toBe("syncing");
    expect(running.has(uid)).toBe(state === "syncing");
  }
  for (const uid of running.keys()) expect(desiredUids).toContain(uid);
  stop.abort(new Error("the simulation is over"));
  await ended;
  expect(busy.size).toBe(0);
  expect(clock.pendingCount).toBe(0);
};

test(`through slow and failing calls the node comes to run what is wanted, never two at once (${SEEDS} seeds)`, async () => {
  const totals = { passes: 0, failures: 0, stopped: 0, yielded: 0 };
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    await simulate(seed, totals).catch((cause: unknown) => {
      throw new Error(`simulation with seed ${seed} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    });
  }
  expect(totals.passes).toBeGreaterThan(SEEDS);
  process.stdout.write(`pod-workers simulation: seeds 1..${SEEDS}, ${JSON.stringify(totals)}\n`);
}, 30_000);
