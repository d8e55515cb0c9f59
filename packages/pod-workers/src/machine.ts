import type { PodUid } from "@nk/pod-model";
import { computeBackoffMs, raceSignal, withDeadline } from "@nk/stdx";
import type { DelayQueue } from "@nk/stdx";
import type { DecisionLog } from "./decisions.ts";
import type { FullNames } from "./full-names.ts";
import { computeGraceSeconds } from "./grace.ts";
import type { Settings } from "./options.ts";
import { runPass } from "./passes.ts";
import type { PassOutcome } from "./passes.ts";
import type { KillOutcome, TerminationCause } from "./pod-work.ts";
import type { ResizeBook } from "./allocation/resize-book.ts";
import type { PodWorkersPorts, ResizeReport, SyncAnswer } from "./ports.ts";
import { decidePass, holdsResources, workingLabels } from "./worker.ts";
import type { Pass, PassKind, Worker, WorkerState } from "./worker.ts";

/** What the machines of all UIDs share. */
export interface Engine {
  readonly ports: PodWorkersPorts;
  readonly settings: Settings;
  readonly workers: Map<PodUid, Worker>;
  readonly fullNames: FullNames;
  readonly decisions: DecisionLog;
  readonly timers: DelayQueue<PodUid>;
  /** Passes start only between the start and the end of `run`. */
  isRunning: boolean;
  /** Called when a UID is forgotten; starts its next generation. */
  readonly onForgotten: (worker: Worker) => void;
  /** Called when a pod that waited for its name has it; has it admitted. */
  readonly onNameFree: (worker: Worker) => void;
  /** Called when a pod no longer holds resources, or holds fewer. */
  readonly onRoomFreed: (cause: RoomCause) => void;
  /** Called when a pass tells how a resize stands. */
  readonly onResizeReport: (worker: Worker, report: ResizeReport) => void;
  readonly resizes: ResizeBook;
}

/** Why there is more room; the labels of the reference's metric. */
export type RoomCause = "pod_terminated" | "pod_resized" | "periodic_retry";

const count = (engine: Engine, worker: Worker, sign: 1 | -1): void => {
  engine.settings.metrics.workingPods.add(sign, workingLabels(worker));
  if (holdsResources(worker)) engine.settings.metrics.activePods.add(sign, { static: worker.isStatic ? "true" : "" });
};

const describe = (state: WorkerState): string => {
  if (state.kind === "admitting" || state.kind === "waiting" || state.kind === "syncing") return "";
  const { cause } = state;
  const why = cause.type === "killed" ? ` (${cause.kill.reason})` : cause.type === "rejected" ? ` (${cause.result.reason})` : "";
  return `: ${cause.type}${why}${state.kind === "terminating" ? `, grace ${state.graceSeconds} s` : ""}`;
};

/** Adds a worker to the books. */
export const enlist = (engine: Engine, worker: Worker, text: string): void => {
  engine.workers.set(worker.uid, worker);
  count(engine, worker, 1);
  engine.decisions.add(worker.uid, `${text}${describe(worker.state)}`);
};

/** Changes a fact that the gauges count. */
export const markDesired = (engine: Engine, worker: Worker, isDesired: boolean): void => {
  count(engine, worker, -1);
  worker.isDesired = isDesired;
  count(engine, worker, 1);
};

/** The one place where a worker's state changes. */
export const enter = (engine: Engine, worker: Worker, state: WorkerState): void => {
  const from = worker.state.kind;
  const held = holdsResources(worker);
  count(engine, worker, -1);
  worker.state = state;
  count(engine, worker, 1);
  if (from !== state.kind) worker.sinceMs = engine.settings.clock.nowMs();
  worker.isDue = true;
  worker.failures = 0;
  worker.lastError = undefined;
  worker.nextPassAtMs = undefined;
  engine.timers.cancel(worker.uid);
  engine.decisions.add(worker.uid, `${from} -> ${state.kind}${describe(state)}`);
  engine.settings.logger.debug("pod worker changes state", { podUid: worker.uid, from, to: state.kind });
  if (held && !holdsResources(worker)) engine.onRoomFreed("pod_terminated");
  switch (state.kind) {
    case "admitting":
    case "waiting":
    case "syncing":
    case "terminating":
      break;
    case "terminated":
      settleKills(worker, "stopped");
      break;
    case "finished":
      settleKills(worker, "already-stopped");
      finish(engine, worker);
      return;
  }
  advance(engine, worker);
};

const settleKills = (worker: Worker, outcome: KillOutcome): void => {
  for (const resolve of worker.killWaiters.splice(0)) resolve(outcome);
};

const finish = (engine: Engine, worker: Worker): void => {
  worker.isDue = false;
  tellFinished(engine, worker);
  releaseName(engine, worker);
  if (!worker.isDesired) forget(engine, worker);
};

/** Told once when it is finished, and again for each newer version of the object. */
export const tellFinished = (engine: Engine, worker: Worker): void => {
  if (worker.target.type !== "pod") return;
  try {
    engine.ports.status.finished(worker.target.pod);
  } catch (error) {
    engine.settings.logger.error("report of a finished pod failed", { podUid: worker.uid, error });
  }
};

/** The successor starts in the same turn: no tick lies between two static pods of one name. */
const releaseName = (engine: Engine, worker: Worker): void => {
  const nextUid = engine.fullNames.leave(worker.fullName, worker.uid);
  const successor = nextUid === undefined ? undefined : engine.workers.get(nextUid);
  if (successor?.state.kind === "waiting") engine.onNameFree(successor);
  successor?.gate?.resolve();
  if (successor !== undefined) successor.gate = undefined;
};

/** A pod that is being replaced has no running container any more. Its sandbox's ports are still bound, so one that binds ports waits on. */
const yieldName = (engine: Engine, worker: Worker): Worker | undefined => {
  if (worker.state.kind !== "terminating" || worker.isDesired) return undefined;
  const nextUid = engine.fullNames.nextOf(worker.fullName);
  const successor = nextUid === undefined ? undefined : engine.workers.get(nextUid);
  if (successor?.gate === undefined) return undefined;
  releaseName(engine, worker);
  return successor;
};

/** Lets the successor start, and holds the teardown back until it has, or until that takes too long: both would share the runtime's time. */
const giveHeadStart = async (engine: Engine, worker: Worker, signal: AbortSignal): Promise<void> => {
  const starting = yieldName(engine, worker)?.pass?.done;
  if (starting === undefined) return;
  const { clock, headStartMs } = engine.settings;
  using deadline = withDeadline({ signal, timeoutMs: headStartMs, clock, what: "wait for the successor of a pod" });
  await raceSignal(starting, deadline.signal).catch(() => undefined);
};

/** Drops the UID from memory. */
export const forget = (engine: Engine, worker: Worker): void => {
  count(engine, worker, -1);
  releaseName(engine, worker);
  engine.timers.cancel(worker.uid);
  engine.workers.delete(worker.uid);
  engine.decisions.forget(worker.uid);
  settleKills(worker, "not-found");
  engine.settings.onForgotten(worker.ref);
  engine.onForgotten(worker);
};

/** Starts or shortens the way down. Later causes do not replace the first. */
export const stop = (
  engine: Engine,
  worker: Worker,
  reason: { readonly cause: TerminationCause; readonly graceSeconds?: number },
): void => {
  const { state, target } = worker;
  if (state.kind === "waiting" || worker.gate !== undefined) {
    releaseName(engine, worker);
    worker.gate = undefined;
  }
  if (state.kind === "terminated" || state.kind === "finished") return;
  const current = state.kind === "terminating" ? state.graceSeconds : undefined;
  const graceSeconds =
    target.type === "pod"
      ? computeGraceSeconds(target.pod, { current, override: reason.graceSeconds })
      : Math.min(current ?? engine.settings.orphanGracePeriodSeconds, reason.graceSeconds ?? Number.POSITIVE_INFINITY);
  if (state.kind === "terminating") {
    if (graceSeconds >= state.graceSeconds) return;
    worker.pass?.abort.abort(new Error(`the grace period shrank to ${graceSeconds} s`));
    enter(engine, worker, { ...state, graceSeconds });
    return;
  }
  worker.pass?.abort.abort(new Error("the pod is being stopped"));
  enter(engine, worker, { kind: "terminating", cause: reason.cause, graceSeconds });
};

/** Starts the pass that is due, if any. */
export const advance = (engine: Engine, worker: Worker): void => {
  if (!engine.isRunning) return;
  const kind = decidePass(worker);
  if (kind === undefined) return;
  const { clock, metrics } = engine.settings;
  worker.isDue = false;
  worker.nextPassAtMs = undefined;
  engine.timers.cancel(worker.uid);
  const abort = new AbortController();
  const startedMs = clock.monotonicMs();
  const operation = operationOf(worker, kind);
  if (operation === "create") {
    metrics.workerStartDuration.observe((clock.nowMs() - worker.createdMs) / 1000);
    metrics.containersPerPod.observe(worker.target.type === "pod" ? (worker.target.pod.spec?.containers.length ?? 0) : 0);
  }
  worker.hasSynced ||= kind === "sync";
  worker.isUpdated = false;
  const pass: Pass = { kind, abort, startedMs, done: Promise.resolve() };
  worker.pass = pass;
  const end = (settle: () => void): void => {
    worker.pass = undefined;
    metrics.workerDuration.observe((clock.monotonicMs() - startedMs) / 1000, { operation_type: operation });
    if (!engine.isRunning) return;
    settle();
    advance(engine, worker);
  };
  pass.done = runPass(kind, worker, {
    ports: engine.ports,
    signal: abort.signal,
    onContainersStopped: () => giveHeadStart(engine, worker, abort.signal),
  }).then(
    (outcome) => end(() => settlePass(engine, worker, outcome)),
    (error: unknown) => end(() => settleFailure(engine, worker, { error, wasAborted: abort.signal.aborted })),
  );
};

/** As the reference calls the update that stops a pod; one that ended by itself is stopped by the sync that saw it. */
const STOP_OPERATIONS: { readonly [cause in TerminationCause["type"]]: string } = {
  deleted: "update",
  terminal: "sync",
  removed: "kill",
  killed: "kill",
  rejected: "kill",
  orphan: "kill",
};

const operationOf = (worker: Worker, kind: PassKind): string => {
  if (kind === "cleanUp") return "terminated";
  if (worker.state.kind === "terminating") return STOP_OPERATIONS[worker.state.cause.type];
  if (!worker.hasSynced) return "create";
  return worker.isUpdated ? "update" : "sync";
};

/** An outcome that the state has outrun says nothing any more: a sync that ended while the pod became terminating. */
const settlePass = (engine: Engine, worker: Worker, outcome: PassOutcome): void => {
  const { state } = worker;
  switch (outcome.type) {
    case "synced":
      if (state.kind === "syncing") settleSync(engine, worker, outcome.answer);
      return;
    case "ended":
      if (state.kind === "syncing") stop(engine, worker, { cause: { type: "terminal" } });
      return;
    case "stopped":
      if (state.kind !== "terminating") return;
      yieldName(engine, worker);
      enter(engine, worker, { kind: "terminated", cause: state.cause });
      return;
    case "cleaned":
      if (state.kind !== "terminated") return;
      // Its source gave it up meanwhile: what was kept to be looked at is to go as well.
      if (!worker.isDesired && !outcome.isRemoved) worker.isDue = true;
      else enter(engine, worker, { kind: "finished", cause: state.cause });
      return;
  }
};

const comeBackAt = (engine: Engine, worker: Worker, atMs: number): void => {
  worker.nextPassAtMs = atMs;
  engine.timers.schedule(worker.uid, atMs);
};

const settleSync = (engine: Engine, worker: Worker, answer: SyncAnswer): void => {
  if (answer.resize !== undefined) engine.onResizeReport(worker, answer.resize);
  // A disk tells nobody that it has room again.
  if (engine.resizes.unkept.delete(worker)) engine.onRoomFreed("periodic_retry");
  if (answer.error === undefined) rest(engine, worker, answer.retryAtMs);
  else fail(engine, worker, answer);
};

const rest = (engine: Engine, worker: Worker, retryAtMs: number | undefined): void => {
  const { clock, random, syncFrequencyMs } = engine.settings;
  worker.failures = 0;
  worker.lastError = undefined;
  if (worker.isDue) return;
  const resyncAtMs = clock.nowMs() + syncFrequencyMs * (1 + random() / 2);
  if (retryAtMs !== undefined)
    engine.decisions.add(worker.uid, `sync asks to come back in ${Math.max(0, Math.round(retryAtMs - clock.nowMs()))} ms`);
  comeBackAt(engine, worker, Math.min(retryAtMs ?? resyncAtMs, resyncAtMs));
};

const settleFailure = (engine: Engine, worker: Worker, failure: { readonly error: unknown; readonly wasAborted: boolean }): void => {
  // Whoever aborted it has changed the state and made the worker due.
  if (!failure.wasAborted) fail(engine, worker, failure);
};

const fail = (engine: Engine, worker: Worker, failure: SyncAnswer): void => {
  const { clock, random, errorBackoffMs, logger } = engine.settings;
  worker.failures += 1;
  worker.lastError = failure.error;
  worker.failedAtMs = clock.nowMs();
  const backoffMs = computeBackoffMs({
    attempt: worker.failures - 1,
    initialMs: errorBackoffMs.initial,
    maxMs: errorBackoffMs.max,
    jitter: 0.2,
    random,
  });
  const isWoken = worker.isDue;
  // A new version of the object may be the cure and is tried at once. A mere wake may be the echo of the failed pass itself (a sandbox
  // made and torn down): it shortens the wait, but not to a busy loop.
  worker.isDue = worker.isUpdated;
  const delayMs = worker.isDue
    ? 0
    : isWoken
      ? errorBackoffMs.initial
      : failure.retryAtMs === undefined
        ? backoffMs
        : failure.retryAtMs - clock.nowMs();
  const message = failure.error instanceof Error ? failure.error.message : String(failure.error);
  engine.decisions.add(worker.uid, `${worker.state.kind} failed, again in ${Math.round(delayMs)} ms: ${message}`);
  logger.warn("pass of a pod worker failed", { podUid: worker.uid, state: worker.state.kind, error: failure.error });
  if (!worker.isDue) comeBackAt(engine, worker, clock.nowMs() + delayMs);
};

/** Asks for a pass. During a pass it means one more after it. Nothing to do for a pod on its way down: that goes on by itself. */
export const wake = (engine: Engine, worker: Worker, cause: string): void => {
  if (worker.state.kind !== "syncing") return;
  const { clock, errorBackoffMs } = engine.settings;
  if (!worker.isDue) engine.decisions.add(worker.uid, `woken: ${cause}`);
  const earliestMs = worker.failures > 0 ? worker.failedAtMs + errorBackoffMs.initial : 0;
  if (worker.pass === undefined && clock.nowMs() < earliestMs) {
    worker.nextPassAtMs = Math.min(worker.nextPassAtMs ?? earliestMs, earliestMs);
    engine.timers.scheduleEarlier(worker.uid, earliestMs);
    return;
  }
  worker.isDue = true;
  advance(engine, worker);
};

/** Something of the pod runs although it was stopped: the runtime may finish, late, what an aborted pass had asked of it. */
export const stopAgain = (engine: Engine, worker: Worker): void => {
  const { state } = worker;
  if (state.kind !== "terminated" && state.kind !== "finished") return;
  engine.decisions.add(worker.uid, `${state.kind}, but the runtime still runs something of it`);
  enter(engine, worker, { kind: "terminating", cause: state.cause, graceSeconds: engine.settings.orphanGracePeriodSeconds });
};

/** A timer of the worker fell due. */
export const onTimer = (engine: Engine, worker: Worker): void => {
  // A clean-up that failed for it would fail for ever, for it stops nothing.
  if (worker.state.kind === "terminated" && engine.ports.runtime.hasRunning(worker.uid) === true) return stopAgain(engine, worker);
  worker.nextPassAtMs = undefined;
  worker.isDue = true;
  advance(engine, worker);
};
