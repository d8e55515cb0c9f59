import fc from "fast-check";
import { computePodRequests, podRef, quantityMilliValue } from "@nk/pod-model";
import type { Node, Pod } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import { createPodWorkers } from "../pod-workers.ts";
import type { PodWorkersPorts } from "../ports.ts";
import { createNodeAdmission } from "../predicates/create-node-admission.ts";
import { sketchPod } from "../testing/index.ts";
import type { Allocation } from "./checkpoint.ts";

/**
 * Pods come, ask for more and for less, and go, while passes take their time and fail and the kubelet is killed. Guards against a node
 * that gives away more than it has, a resize that is forgotten, and one that never ends.
 */
const CAPACITY_MILLI = 4000n;
const NODE: Node = {
  metadata: { name: "n" },
  status: { allocatable: { cpu: "4", memory: "1Gi", "ephemeral-storage": "1Gi", pods: "10" } },
};
const UIDS = ["a", "b", "c", "d"];

type Command =
  | { readonly type: "ask"; readonly uid: string; readonly milli: number }
  | { readonly type: "remove"; readonly uid: string }
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "kill" }
  | { readonly type: "breakDisk"; readonly isBroken: boolean };

const commands: fc.Arbitrary<readonly Command[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ type: fc.constant("ask" as const), uid: fc.constantFrom(...UIDS), milli: fc.integer({ min: 0, max: 4500 }) }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("remove" as const), uid: fc.constantFrom(...UIDS) }) },
    { weight: 6, arbitrary: fc.record({ type: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 400 }) }) },
    { weight: 1, arbitrary: fc.constant({ type: "kill" as const }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("breakDisk" as const), isBroken: fc.boolean() }) },
  ),
  { maxLength: 30 },
);

const milliOf = (pod: Pod): bigint => {
  const { cpu } = computePodRequests(pod);
  return cpu === undefined ? 0n : quantityMilliValue(cpu);
};

/** The machine: it outlives the kubelet. */
interface Machine {
  /** What the containers of each pod have. */
  readonly has: Map<string, bigint>;
  /** Pods that have failed for good. */
  readonly rejected: Set<string>;
  kept: ReadonlyMap<string, Allocation>;
  isDiskBroken: boolean;
  readonly log: string[];
  readonly violations: string[];
}

const start = (machine: Machine, clock: ReturnType<typeof createFakeClock>, delays: () => number) => {
  const stop = new AbortController();
  const check = (): void => {
    const had = [...machine.has.values()].reduce((sum, milli) => sum + milli, 0n);
    if (had > CAPACITY_MILLI) machine.violations.push(`${had} of ${CAPACITY_MILLI} are given away`);
  };
  const ports: PodWorkersPorts = {
    admission: createNodeAdmission({ node: () => NODE, kill: (uid, request) => workers.kill(uid, request) }),
    status: {
      publish: () => ({ terminal: false }),
      rejected: (pod) => void machine.rejected.add(podRef(pod).uid),
      finished: () => undefined,
    },
    runtime: {
      sync: async (pod, { signal, resize }) => {
        const { uid } = podRef(pod);
        await clock.sleep(delays(), { signal });
        const has = machine.has.get(uid);
        if (has !== undefined && has !== milliOf(pod) && resize === undefined)
          machine.violations.push(`${uid} was resized without an order`);
        if (resize === undefined) {
          if (has === undefined) machine.has.set(uid, milliOf(pod));
          check();
          return {};
        }
        if (delays() < 30) return { resize: { acceptedAtMs: resize.acceptedAtMs, error: "no" }, retryAtMs: clock.nowMs() + 50 };
        machine.has.set(uid, milliOf(pod));
        check();
        machine.log.push(`${uid} has ${milliOf(pod)}`);
        return { resize: { acceptedAtMs: resize.acceptedAtMs } };
      },
      terminate: async (pod, { signal }) => {
        await clock.sleep(delays(), { signal });
        machine.has.delete(podRef(pod).uid);
      },
      cleanUp: async () => undefined,
      terminateOrphan: async (pod) => void machine.has.delete(pod.uid),
      cleanUpOrphan: async () => undefined,
      hasRunning: (uid) => machine.has.has(uid),
    },
    events: { record: ({ ref, reason }) => void machine.log.push(`${ref.uid} ${reason}`) },
    allocations: {
      kept: machine.kept,
      keep: async (allocations) => {
        await clock.sleep(delays() / 10);
        if (machine.isDiskBroken) throw new Error("disk is broken");
        if (!stop.signal.aborted) machine.kept = allocations;
      },
    },
  };
  const workers = createPodWorkers(ports, { sources: ["api"], clock, random: () => 0.5 });
  const ended = workers.run(stop.signal);
  return {
    workers,
    check,
    kill: async () => {
      stop.abort(new Error("killed"));
      await clock.advance(1000);
      await ended;
    },
  };
};

const simulate = async (script: readonly Command[], seed: number): Promise<readonly string[]> => {
  const clock = createFakeClock();
  let state = seed;
  const delays = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % 120;
  };
  const machine: Machine = { has: new Map(), rejected: new Set(), kept: new Map(), isDiskBroken: false, log: [], violations: [] };
  const wanted = new Map<string, Pod>();
  let kubelet = start(machine, clock, delays);
  /** With the status of what it has, which a kubelet wrote. */
  const ask = (uid: string, cpu: string): void => {
    const has = machine.has.get(uid);
    // A UID is used once.
    if (machine.rejected.has(uid) || (has !== undefined && !wanted.has(uid))) return;
    wanted.set(uid, sketchPod({ uid, cpu, ...(has === undefined ? {} : { givenCpu: `${has}m` }) }));
  };
  const show = (): void => kubelet.workers.applySnapshot({ source: "api", pods: [...wanted.values()], problems: [] });
  show();
  for (const command of script) {
    switch (command.type) {
      case "ask":
        ask(command.uid, `${command.milli}m`);
        show();
        break;
      case "remove":
        wanted.delete(command.uid);
        machine.rejected.delete(command.uid);
        show();
        break;
      case "wait":
        await clock.advance(command.ms);
        break;
      case "kill":
        await kubelet.kill();
        // What an orphan was given nobody knows; it is stopped with a second of grace.
        for (const uid of machine.has.keys()) if (!wanted.has(uid)) machine.has.delete(uid);
        kubelet = start(machine, clock, delays);
        for (const [uid, pod] of wanted) {
          if (machine.rejected.has(uid)) wanted.delete(uid);
          else ask(uid, `${milliOf(pod)}m`);
        }
        show();
        break;
      case "breakDisk":
        machine.isDiskBroken = command.isBroken;
        break;
    }
    kubelet.check();
  }
  machine.isDiskBroken = false;
  // What could not be kept is tried again at the pod's next pass, when nothing else happens.
  await clock.advance(120_000);
  const left = CAPACITY_MILLI - kubelet.workers.activePods().reduce((sum, pod) => sum + milliOf(pod), 0n);
  for (const work of kubelet.workers.list()) {
    if (work.state !== "syncing") continue;
    const pod = wanted.get(work.ref.uid);
    const has = machine.has.get(work.ref.uid) ?? 0n;
    if (work.resize?.inProgress !== undefined) machine.violations.push(`${work.ref.uid} is resized for ever`);
    if (pod === undefined || has === milliOf(pod)) continue;
    if (work.resize?.pending?.reason !== "Deferred") machine.violations.push(`${work.ref.uid} has ${has} and is not told why`);
    if (milliOf(pod) - has <= left)
      machine.violations.push(`${work.ref.uid} was forgotten: it wants ${milliOf(pod)}, has ${has}, ${left} are left`);
  }
  await kubelet.kill();
  expect(machine.violations).toEqual([]);
  return machine.log;
};

test("what could not be kept is tried again when the disk is well, though nothing else happens", async () => {
  const script: readonly Command[] = [
    { type: "ask", uid: "a", milli: 100 },
    { type: "wait", ms: 400 },
    { type: "breakDisk", isBroken: true },
    { type: "ask", uid: "a", milli: 500 },
    { type: "wait", ms: 400 },
  ];
  expect(await simulate(script, 1)).toContain("a ResizeStarted");
});

test("the node never gives away more than it has, and in the end everybody has what there is room for", { timeout: 30_000 }, async () => {
  const runs = Number(process.env["NK_FUZZ_RUNS"] ?? 150);
  await fc.assert(
    fc.asyncProperty(commands, fc.integer({ min: 1, max: 1_000_000 }), async (script, seed) => {
      expect(await simulate(script, seed)).toEqual(await simulate(script, seed));
    }),
    { numRuns: runs },
  );
});
