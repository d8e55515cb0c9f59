import { podFullName, podRef } from "@nk/pod-model";
import type { Pod, PodFullName, PodSource, PodUid, PodUpdate, RuntimePod, SourceSnapshot } from "@nk/pod-model";
import { createDelayQueue, raceSignal } from "@nk/stdx";
import { createAdmissionQueue, listActivePods } from "./admission.ts";
import { createResizeBook } from "./allocation/resize-book.ts";
import { forgetResize, pruneAllocations, settleResize } from "./allocation/resizes.ts";
import { createDecisionLog } from "./decisions.ts";
import type { Decision } from "./decisions.ts";
import { deliver, removePod, startWorker, stopOrphans } from "./deliver.ts";
import type { Delivery } from "./deliver.ts";
import { createDesiredPods, isMirrorPod } from "./desired-pods.ts";
import type { DesiredPods } from "./desired-pods.ts";
import { PodWorkersError } from "./errors.ts";
import { createFullNames } from "./full-names.ts";
import { advance, enter, onTimer, stop, wake } from "./machine.ts";
import type { Engine } from "./machine.ts";
import { settingsOf } from "./options.ts";
import type { PodWorkersOptions, Settings } from "./options.ts";
import type { KillOutcome, KillRequest, PodWork } from "./pod-work.ts";
import type { PodWorkersPorts } from "./ports.ts";
import { computeWork } from "./worker.ts";

/** What the sources want, and one state machine per pod UID that brings it about. */
export interface PodWorkers {
  /**
   * Takes the full set of pods of one source. Returns when the differences are delivered to the workers; their passes run on.
   * @throws PodWorkersError `unknown-source`
   */
  applySnapshot(snapshot: SourceSnapshot): void;
  /** Takes one difference of a source that has sent a snapshot before, e.g. a watch event. It is judged anew, its type only tells a removal. */
  applyUpdate(update: PodUpdate, source: PodSource): void;
  /** Every configured source has sent a snapshot. Until then nothing is concluded from a pod's absence. */
  sourcesReady(): boolean;
  /** Something about the pod changed: one more pass. `cause` is for people, e.g. `ContainerDied`. Unknown UIDs are ignored. */
  wake(uid: PodUid, cause: string): void;
  /**
   * Stops a pod whatever its source wants; it is not started again. Resolves when its containers have ended. Rejects with the signal's
   * reason, which does not take the request back, and with `stopped` when the workers end first.
   */
  kill(uid: PodUid, request: KillRequest, options?: { readonly signal?: AbortSignal }): Promise<KillOutcome>;
  /**
   * Pods that the runtime has: those that no source wants are stopped and cleaned up, now or when every source has reported. May be told of
   * all at once, or of one that turned up: a runtime may finish what a kubelet before this one had asked of it.
   */
  reconcileRuntime(pods: readonly RuntimePod[]): void;
  /** Every pod that a source wants, in its newest version, mirror pods excluded. */
  desiredPods(): readonly Pod[];
  desiredPod(uid: PodUid): Pod | undefined;
  /** Pods that hold resources: admitted and not yet stopped. */
  activePods(): readonly Pod[];
  /** Pods in the API that show static pods. They are never run; a change of one, but for its status, wakes its static pod. */
  mirrorPods(): readonly Pod[];
  mirrorPodOf(name: PodFullName): Pod | undefined;
  workState(uid: PodUid): PodWork | undefined;
  /** The state of every worker, orphans included. */
  list(): readonly PodWork[];
  /** The last decisions about a pod, oldest first. */
  decisions(uid: PodUid): readonly Decision[];
  /** The node has, or may have, more room than before: resizes that are deferred are tried again. */
  roomFreed(cause: string): void;
  /** Adds what somebody else decided about a pod to its decisions. Unknown UIDs are ignored. */
  note(uid: PodUid, text: string): void;
  /**
   * Starts the passes. When the signal aborts nothing more is accepted and passes that run are aborted; it resolves when they have
   * ended. No pod is stopped by that: the next kubelet finds them running. Runs once.
   */
  run(signal: AbortSignal): Promise<void>;
}

type Hooks = Pick<Engine, "onForgotten" | "onNameFree" | "onRoomFreed" | "onResizeReport">;

const createEngine = (ports: PodWorkersPorts, settings: Settings, hooks: Hooks): Engine => {
  const engine: Engine = {
    ports,
    settings,
    workers: new Map(),
    fullNames: createFullNames(),
    decisions: createDecisionLog(settings.clock, settings.maxDecisions),
    timers: createDelayQueue<PodUid>({
      clock: settings.clock,
      onDue: (uid) => {
        const worker = engine.workers.get(uid);
        if (worker !== undefined) onTimer(engine, worker);
      },
    }),
    isRunning: false,
    resizes: createResizeBook(ports.allocations, settings.logger),
    ...hooks,
  };
  return engine;
};

/** A mirror's change is its static pod's business: it may have to be made again. */
const wakeMirrored = (engine: Engine, mirror: Pod): void => {
  const name = podFullName(podRef(mirror));
  for (const worker of engine.workers.values()) if (worker.isStatic && worker.fullName === name) wake(engine, worker, "mirror pod changed");
};

/** Applies what the sources say, and what had to wait until all of them had said something. */
const createIntake = (delivery: Delivery, desired: DesiredPods): Pick<PodWorkers, "applySnapshot" | "applyUpdate" | "reconcileRuntime"> => {
  const { engine } = delivery;
  const held = new Map<PodUid, RuntimePod>();
  let wasReady = false;

  const stopHeldOrphans = (): void => {
    if (!desired.isReady()) return;
    const pods = [...held.values()];
    held.clear();
    stopOrphans(delivery, pods, (uid) => desired.get(uid) !== undefined);
  };
  const deliverAll = (updates: readonly PodUpdate[]): void => {
    for (const update of updates) {
      if (!isMirrorPod(update.pod)) deliver(delivery, update);
      // A mirror whose status alone changed is the echo of what was written there.
      else if (update.type !== "reconcile") wakeMirrored(engine, update.pod);
    }
    delivery.admission.pump();
  };
  return {
    applySnapshot(snapshot) {
      const updates = desired.merge(snapshot);
      // Before the new pods: a static pod has to wait for an orphan of its name.
      stopHeldOrphans();
      deliverAll(updates);
      if (wasReady || !desired.isReady()) return;
      wasReady = true;
      for (const uid of delivery.deferredRemovals) removePod(delivery, uid);
      delivery.deferredRemovals.clear();
      pruneAllocations(engine, (uid) => desired.get(uid) !== undefined);
      engine.settings.onSourcesReady();
      delivery.admission.pump();
    },
    applyUpdate(given, source) {
      const update = desired.apply(given, source);
      if (update !== undefined) deliverAll([update]);
    },
    reconcileRuntime(pods) {
      for (const pod of pods) held.set(pod.uid, pod);
      stopHeldOrphans();
    },
  };
};

const kill = async (engine: Engine, uid: PodUid, request: KillRequest): Promise<KillOutcome> => {
  const worker = engine.workers.get(uid);
  if (worker === undefined) return "not-found";
  if (worker.state.kind === "terminated" || worker.state.kind === "finished") return "already-stopped";
  const { promise, resolve } = Promise.withResolvers<KillOutcome>();
  worker.killWaiters.push(resolve);
  const grace = request.gracePeriodSeconds === undefined ? {} : { graceSeconds: request.gracePeriodSeconds };
  stop(engine, worker, { cause: { type: "killed", kill: request }, ...grace });
  return promise;
};

const runUntil = async (engine: Engine, admission: { pump(): void; onIdle(): Promise<void> }, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted();
  engine.isRunning = true;
  admission.pump();
  for (const worker of engine.workers.values()) advance(engine, worker);
  await raceSignal(new Promise<never>(() => undefined), signal).catch(() => undefined);
  engine.isRunning = false;
  engine.timers[Symbol.dispose]();
  const passes = [...engine.workers.values()].flatMap((worker) => worker.pass ?? []);
  for (const pass of passes) pass.abort.abort(signal.reason);
  await Promise.all(passes.map((pass) => pass.done));
  await admission.onIdle();
};

/** Creates the workers of a node; nothing is started before `run`. */
export const createPodWorkers = (ports: PodWorkersPorts, options: PodWorkersOptions): PodWorkers => {
  const settings = settingsOf(options);
  const desired = createDesiredPods(settings, ports.events);
  const ending = new AbortController();
  const engine = createEngine(ports, settings, {
    onForgotten(worker) {
      forgetResize(engine, worker);
      if (worker.next === undefined) return;
      settings.metrics.restartedPods.inc({ static: worker.isStatic ? "true" : "" });
      startWorker(delivery, worker.next);
    },
    onNameFree(worker) {
      enter(engine, worker, { kind: "admitting" });
      admission.add(worker);
    },
    onRoomFreed: (cause) => admission.roomFreed(cause),
    onResizeReport: (worker, report) => settleResize(engine, worker, report),
  });
  const admission = createAdmissionQueue(engine, () => desired.isReady());
  const delivery: Delivery = { engine, admission, isReady: () => desired.isReady(), deferredRemovals: new Set() };
  const intake = createIntake(delivery, desired);

  return {
    applySnapshot(snapshot) {
      if (!ending.signal.aborted) intake.applySnapshot(snapshot);
    },
    applyUpdate(update, source) {
      if (!ending.signal.aborted) intake.applyUpdate(update, source);
    },
    reconcileRuntime(pods) {
      if (!ending.signal.aborted) intake.reconcileRuntime(pods);
    },
    sourcesReady: () => desired.isReady(),
    wake(uid, cause) {
      const worker = engine.workers.get(uid);
      if (worker !== undefined && !ending.signal.aborted) wake(engine, worker, cause);
    },
    kill: async (uid, request, { signal } = {}) => {
      signal?.throwIfAborted();
      ending.signal.throwIfAborted();
      return raceSignal(raceSignal(kill(engine, uid, request), ending.signal), signal);
    },
    desiredPods: () => desired.list(),
    desiredPod: (uid) => desired.get(uid),
    activePods: () => listActivePods(engine),
    mirrorPods: () => desired.mirrors(),
    mirrorPodOf: (name) => desired.mirrorOf(name),
    workState: (uid) => {
      const worker = engine.workers.get(uid);
      return worker === undefined ? undefined : computeWork(worker);
    },
    list: () => [...engine.workers.values()].map(computeWork),
    decisions: (uid) => engine.decisions.list(uid),
    roomFreed: (cause) => admission.roomFreed(cause),
    note: (uid, text) => {
      if (engine.workers.has(uid)) engine.decisions.add(uid, text);
    },
    async run(signal) {
      const end = (): void => ending.abort(new PodWorkersError("stopped", "wait for a pod to stop: the pod workers have ended"));
      signal.addEventListener("abort", end, { once: true });
      try {
        await runUntil(engine, admission, signal);
      } finally {
        end();
        signal.removeEventListener("abort", end);
      }
    },
  };
};
