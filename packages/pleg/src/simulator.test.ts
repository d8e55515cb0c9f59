import type { PodLifecycleEvent, PodUid, RuntimePodStatus } from "@nk/pod-model";
import { createSeededRandom } from "@nk/stdx";
import { createFakeClock } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import { createPleg } from "./pleg.ts";
import { createPodStatusCache } from "./status-cache.ts";
import { createSimulatedRuntime } from "./testing/index.ts";

/**
 * Guards against the failures of k/k#121003 and containerd#9070 (a missed event believed forever, a container started twice) and
 * k/k#61117 (one wedged pod holding up all): whatever happens to the events, the cache must come to equal the runtime.
 */
const SEEDS = 240;
const STEPS = 25;

const withoutTime = (status: RuntimePodStatus | undefined): unknown => (status === undefined ? undefined : { ...status, observedAtMs: 0 });

interface Totals {
  steps: number;
  events: number;
  exits: number;
  restarts: number;
  wedges: number;
  statusReads: number;
}

const simulate = async (seed: number, totals: Totals): Promise<void> => {
  const clock = createFakeClock();
  const random = createSeededRandom(seed * 7919);
  const runtime = createSimulatedRuntime({
    seed,
    clock,
    hasEvents: seed % 5 !== 0,
    faults: { lost: random() * 0.5, duplicated: random() * 0.5, late: random() * 0.5 },
    maxLatencyMs: seed % 3 === 0 ? 0 : 30,
  });
  using cache = createPodStatusCache({ runtime: runtime.view }, { clock, statusTimeoutMs: 2_000 });
  const events: PodLifecycleEvent[] = [];
  const seenContainers = new Map<string, PodUid>();
  using _seen = cache.subscribe((uid, status) => {
    for (const container of status?.containers ?? []) seenContainers.set(container.id, uid);
  });
  const pleg = createPleg({ runtime: runtime.view, cache }, { clock, random, onEvent: (event) => events.push(event) });
  const stop = new AbortController();
  const running = pleg.run(stop.signal);

  const known = new Set<PodUid>();
  for (let step = 0; step < STEPS; step += 1) {
    known.add(runtime.step());
    const roll = random();
    const uid = runtime.uids()[Math.floor(random() * runtime.uids().length)];
    if (roll < 0.05 && uid !== undefined) {
      runtime.wedge(uid);
      totals.wedges += 1;
    } else if (roll < 0.1) runtime.cutStreams();
    else if (roll < 0.14) {
      runtime.stop();
      totals.restarts += 1;
    } else if (roll < 0.3) runtime.start();
    // Our own calls refresh too, and must never bring the cache back to an older state.
    if (random() < 0.2 && uid !== undefined) cache.refresh(uid).catch(() => undefined);
    await clock.advance(random() < 0.4 ? 0 : random() * 400);
  }
  runtime.start();
  runtime.calm();
  // Long enough for the safety net, a relist, with reads of wedged pods in the way.
  await clock.advance(62_000);

  expect(pleg.health.healthy()).toBe(true);
  for (const uid of new Set([...known, ...runtime.uids(), ...cache.knownUids()])) {
    if (runtime.wedged.has(uid) && runtime.truth(uid) !== undefined) continue;
    expect(withoutTime(cache.get(uid)), uid).toEqual(withoutTime(runtime.truth(uid)));
    expect(cache.health(uid).state, uid).toBe("healthy");
  }
  for (const uid of runtime.wedged) runtime.unwedge(uid);
  await clock.advance(62_000);
  for (const uid of [...known, ...cache.knownUids()]) expect(withoutTime(cache.get(uid)), uid).toEqual(withoutTime(runtime.truth(uid)));

  const deaths = Map.groupBy(
    events.filter((event) => event.type === "ContainerDied"),
    (event) => event.containerId,
  );
  for (const [containerId, uid] of seenContainers) {
    const container = cache.get(uid)?.containers.find((candidate) => candidate.id === containerId);
    const isOver = container === undefined || container.state === "exited";
    const told = deaths.get(containerId) ?? [];
    expect(told.length, containerId).toBe(isOver ? 1 : 0);
    const exitCode = told[0]?.exitCode;
    if (exitCode !== undefined) expect(exitCode).toBe(runtime.exits.get(containerId));
    if (container?.state === "exited") expect(exitCode).toBe(runtime.exits.get(containerId));
  }
  for (const containerId of deaths.keys()) expect(seenContainers.has(containerId)).toBe(true);

  stop.abort(new Error("the simulation is over"));
  await running;
  totals.steps += STEPS;
  totals.events += events.length;
  totals.exits += deaths.size;
  totals.statusReads += runtime.calls.status;
};

test(`the cache comes to equal the runtime through lost, repeated, late events, cuts, restarts and wedged pods (${SEEDS} seeds)`, async () => {
  const totals: Totals = { steps: 0, events: 0, exits: 0, restarts: 0, wedges: 0, statusReads: 0 };
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    await simulate(seed, totals).catch((cause: unknown) => {
      throw new Error(`simulation with seed ${seed} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    });
  }
  expect(totals.steps).toBe(SEEDS * STEPS);
  process.stdout.write(`pleg simulator: seeds 1..${SEEDS}, ${JSON.stringify(totals)}\n`);
}, 30_000);
