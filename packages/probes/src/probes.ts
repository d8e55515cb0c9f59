import type { Pod, PodUid } from "@nk/pod-model";
import { podRef } from "@nk/pod-model";
import type { DelayQueue } from "@nk/stdx";
import { createDelayQueue } from "@nk/stdx";
import type { ProbesOptions } from "./options.ts";
import { resolveOptions } from "./options.ts";
import type { ProbesPorts, RememberedVerdicts, VerdictMemoryPort } from "./ports.ts";
import type { ProbeResult, ProbeResults, ProbeResultStore, ProbeType } from "./results.ts";
import { createProbeResults } from "./results.ts";
import type { Shooter } from "./shooter.ts";
import { createShooter } from "./shooter.ts";
import { readSchedule } from "./spec.ts";
import { computeTally, EMPTY_TALLY, initialResult } from "./tally.ts";
import type { RunningContainer, WantedProbe, Worker } from "./worker.ts";
import { listWantedProbes } from "./worker.ts";

/** Probes running containers and keeps the verdicts. Call its methods in any order and as often as you like; they do not wait. */
export interface Probes {
  readonly results: ProbeResults;
  /**
   * Says which containers of a pod run now. New ones begin to be probed, those that are gone are forgotten, and the others go on as they
   * were. `podIp` is what is probed when a probe names no host.
   */
  applyPod(pod: Pod, running: readonly RunningContainer[], podIp: string): void;
  /** At the start of a pod's termination: liveness and startup are a success from now on, readiness goes on. */
  stopLivenessAndStartup(uid: PodUid): void;
  /** Stops probing a pod and forgets its results. */
  removePod(uid: PodUid): void;
  /** Fires the shots until the signal aborts, then waits for those under way and resolves. Call it once. */
  run(signal: AbortSignal): Promise<void>;
}

interface EngineState {
  readonly results: ProbeResultStore;
  readonly memory: VerdictMemoryPort | undefined;
  readonly shooter: Shooter;
  readonly workers: Map<string, Worker>;
  readonly keysByPod: Map<PodUid, Set<string>>;
  /** Workers that may have been measured, by pod and key: a container's series go on when it is restarted, and end with its pod. */
  readonly measured: Map<PodUid, Map<string, Worker>>;
  readonly terminating: Set<PodUid>;
  readonly options: ReturnType<typeof resolveOptions>;
  /** A container that started before it was running already when the engine came. */
  readonly createdAtMs: number;
  readonly shots: Set<Promise<void>>;
  queue: DelayQueue<string> | undefined;
}

const publish = ({ results }: EngineState, { ref, running, probeType }: Worker, result: ProbeResult): void =>
  results.put({ uid: ref.uid, containerName: running.name, containerId: running.containerId, probeType, result });

/** All instants are on the monotonic clock: a jump of the wall clock neither skips a shot nor puts it off. */
const schedule = ({ options: { clock }, queue }: EngineState, worker: Worker, dueMs: number): void => {
  worker.dueMs = dueMs;
  queue?.schedule(worker.key, clock.nowMs() + (dueMs - clock.monotonicMs()));
};

const stopWorker = (state: EngineState, worker: Worker): void => {
  worker.isOver = true;
  worker.dueMs = undefined;
  worker.shot?.abort(new Error("probe stopped"));
  state.queue?.cancel(worker.key);
};

const forgetWorker = (state: EngineState, worker: Worker): void => {
  stopWorker(state, worker);
  state.workers.delete(worker.key);
  state.keysByPod.get(worker.ref.uid)?.delete(worker.key);
  state.results.remove(worker.running.containerId, worker.probeType);
};

/** The series of a pod's probes go, of all of them or of those that a predicate names. */
const forgetMeasured = (state: EngineState, uid: PodUid, isOver: (worker: Worker) => boolean = () => true): void => {
  const measured = state.measured.get(uid);
  for (const [key, worker] of measured ?? []) {
    if (!isOver(worker)) continue;
    state.shooter.forget(worker);
    measured?.delete(key);
  }
  if (measured?.size === 0) state.measured.delete(uid);
};

/** Other probes wait for the startup probe of their container. */
const hasStarted = (state: EngineState, { container, running }: Worker): boolean =>
  container.startupProbe === undefined || state.results.get(running.containerId, "startup") === "success";

/** Exactly `initialDelaySeconds` after the start, at once when that has passed. */
const firstDueMs = ({ options: { clock } }: EngineState, { running, probe }: Worker): number => {
  const elapsedMs = Math.max(0, clock.nowMs() - running.startedAtMs);
  return clock.monotonicMs() + Math.max(0, readSchedule(probe).initialDelayMs - elapsedMs);
};

/** What an earlier engine said of a container that ran before this one. */
const recall = ({ memory, createdAtMs }: EngineState, pod: Pod, running: RunningContainer): RememberedVerdicts | undefined =>
  running.startedAtMs < createdAtMs ? memory?.recall(pod, running) : undefined;

/** What holds of a container from the first: what is remembered, else the API's initial value. */
const seed = (probeType: ProbeType, remembered: RememberedVerdicts | undefined): ProbeResult => {
  if (probeType === "readiness" && remembered?.ready === true) return "success";
  if (probeType === "startup" && remembered?.started === true) return "success";
  return initialResult(probeType);
};

const releaseGated = (state: EngineState, { ref, container }: Worker): void => {
  for (const key of state.keysByPod.get(ref.uid) ?? []) {
    const worker = state.workers.get(key);
    if (worker === undefined || worker.container.name !== container.name || worker.isOver || worker.dueMs !== undefined) continue;
    if (worker.shot === undefined) schedule(state, worker, firstDueMs(state, worker));
  }
};

const startWorker = (state: EngineState, worker: Worker, remembered: RememberedVerdicts | undefined): void => {
  state.workers.set(worker.key, worker);
  const keys = state.keysByPod.get(worker.ref.uid) ?? new Set();
  state.keysByPod.set(worker.ref.uid, keys.add(worker.key));
  const measured = state.measured.get(worker.ref.uid) ?? new Map<string, Worker>();
  state.measured.set(worker.ref.uid, measured.set(worker.key, worker));
  const seeded = seed(worker.probeType, remembered);
  publish(state, worker, seeded);
  worker.isOver = worker.probeType === "startup" && seeded === "success";
  if (worker.isOver || (worker.probeType !== "startup" && !hasStarted(state, worker))) return;
  // What has been found well can wait a part of its period, so that not all are asked at once after a restart.
  const spreadMs = remembered !== undefined && seeded === "success" ? state.options.random() * readSchedule(worker.probe).periodMs : 0;
  schedule(state, worker, Math.max(firstDueMs(state, worker), state.options.clock.monotonicMs() + spreadMs));
};

const takeFinding = (state: EngineState, worker: Worker, found: "success" | "failure"): void => {
  const { probeType, probe } = worker;
  const step = computeTally(worker.tally, found, { probeType, schedule: readSchedule(probe) });
  worker.tally = step.tally;
  worker.isOver = step.isOver;
  if (step.result !== undefined) publish(state, worker, step.result);
  if (probeType === "startup" && step.result === "success") releaseGated(state, worker);
};

/** The instant of the next shot: the rhythm is kept, and instants that have passed are left out, so that shots never overlap. */
const nextDueMs = (state: EngineState, worker: Worker, dueMs: number): number => {
  const { periodMs } = readSchedule(worker.probe);
  const periods = Math.max(1, Math.ceil((state.options.clock.monotonicMs() - dueMs) / periodMs));
  if (periods > 1) state.shooter.skip(worker, periods - 1);
  return dueMs + periods * periodMs;
};

const fire = async (state: EngineState, worker: Worker, dueMs: number): Promise<void> => {
  const shot = new AbortController();
  worker.shot = shot;
  worker.dueMs = undefined;
  try {
    const found = await state.shooter.shoot(worker, shot.signal);
    if (found !== undefined) takeFinding(state, worker, found);
  } catch (error) {
    if (!shot.signal.aborted) state.options.logger.error("probe failed to run", { key: worker.key, error });
  }
  worker.shot = undefined;
  if (!worker.isOver && !shot.signal.aborted) schedule(state, worker, nextDueMs(state, worker, dueMs));
};

const launch = (state: EngineState, key: string): void => {
  const worker = state.workers.get(key);
  if (worker?.dueMs === undefined || worker.isOver || worker.shot !== undefined) return;
  const shot = fire(state, worker, worker.dueMs).finally(() => state.shots.delete(shot));
  state.shots.add(shot);
};

const applyWanted = (state: EngineState, pod: Pod, { wanted, podIp }: { readonly wanted: WantedProbe; readonly podIp: string }): void => {
  const present = state.workers.get(wanted.key);
  if (present?.running.containerId === wanted.running.containerId) {
    // The same container: only where and what to probe may have changed.
    present.host = podIp;
    present.probe = wanted.probe;
    present.container = wanted.container;
    return;
  }
  if (present !== undefined) forgetWorker(state, present);
  const worker: Worker = {
    ...wanted,
    ref: podRef(pod),
    host: podIp,
    tally: EMPTY_TALLY,
    isOver: false,
    dueMs: undefined,
    inconclusiveCount: 0,
    shot: undefined,
  };
  startWorker(state, worker, recall(state, pod, worker.running));
};

const stopForTermination = (state: EngineState, uid: PodUid): void => {
  for (const key of state.keysByPod.get(uid) ?? []) {
    const worker = state.workers.get(key);
    if (worker === undefined || worker.probeType === "readiness") continue;
    stopWorker(state, worker);
    publish(state, worker, "success");
    if (worker.probeType === "startup") releaseGated(state, worker);
  }
  forgetMeasured(state, uid, ({ probeType }) => probeType !== "readiness");
};

const runEngine = async (state: EngineState, signal: AbortSignal): Promise<void> => {
  using queue = createDelayQueue<string>({ clock: state.options.clock, onDue: (key) => launch(state, key) });
  state.queue = queue;
  for (const worker of state.workers.values()) if (worker.dueMs !== undefined) schedule(state, worker, worker.dueMs);
  if (!signal.aborted) {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    signal.addEventListener("abort", resolve, { once: true });
    await promise;
  }
  state.queue = undefined;
  for (const worker of state.workers.values()) worker.shot?.abort(signal.reason);
  await Promise.allSettled(state.shots);
};

/** Makes the engine. Nothing is fired before `run`; what is applied before it is not lost. */
export const createProbes = (ports: ProbesPorts, options: ProbesOptions = {}): Probes => {
  const resolved = resolveOptions(options);
  const state: EngineState = {
    results: createProbeResults(),
    memory: ports.memory,
    shooter: createShooter(ports, resolved),
    workers: new Map(),
    keysByPod: new Map(),
    measured: new Map(),
    terminating: new Set(),
    options: resolved,
    createdAtMs: resolved.clock.nowMs(),
    shots: new Set(),
    queue: undefined,
  };
  return {
    results: state.results,
    applyPod: (pod, running, podIp) => {
      const { uid } = podRef(pod);
      const wanted = listWantedProbes(uid, pod.spec, running);
      const keys = new Set(wanted.map(({ key }) => key));
      for (const key of state.keysByPod.get(uid) ?? []) {
        const worker = state.workers.get(key);
        if (worker !== undefined && !keys.has(key)) forgetWorker(state, worker);
      }
      for (const one of wanted) applyWanted(state, pod, { wanted: one, podIp });
      if (pod.metadata?.deletionTimestamp !== undefined) state.terminating.add(uid);
      if (state.terminating.has(uid)) stopForTermination(state, uid);
    },
    stopLivenessAndStartup: (uid) => {
      state.terminating.add(uid);
      stopForTermination(state, uid);
    },
    removePod: (uid) => {
      for (const key of state.keysByPod.get(uid) ?? []) {
        const worker = state.workers.get(key);
        if (worker !== undefined) forgetWorker(state, worker);
      }
      forgetMeasured(state, uid);
      state.keysByPod.delete(uid);
      state.terminating.delete(uid);
    },
    run: (signal) => runEngine(state, signal),
  };
};
