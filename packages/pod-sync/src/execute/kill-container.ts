import { EVENT_REASONS } from "@nk/pod-model";
import { withDeadline } from "@nk/stdx";
import { isNotFound } from "../errors.ts";
import { MINIMUM_GRACE_SECONDS } from "../plan/grace-period.ts";
import type { ContainerSpec } from "../plan/pod-plan.ts";
import { findFieldPath, recordEvent } from "./pod-events.ts";
import { runHook } from "./run-hook.ts";
import type { PodPass } from "./sync-context.ts";

/** One container instance to stop. */
export interface KillRequest {
  readonly id: string;
  readonly name: string;
  /** Its definition; absent when nobody knows it any more. */
  readonly container?: ContainerSpec | undefined;
  /** Of the `Killing` event. Default "Stopping container NAME". */
  readonly message?: string;
  readonly graceSeconds: number;
  readonly podIps: readonly string[];
  /** Resolves when those containers have ended that must end before this one. */
  readonly turn?: Promise<unknown>;
}

/** Runs `work` for at most the grace that is left, and takes the whole seconds it used off the grace. */
const spendGrace = async (pass: PodPass, graceSeconds: number, work: (signal: AbortSignal) => Promise<unknown>): Promise<number> => {
  const startMs = pass.clock.monotonicMs();
  using deadline = withDeadline({ signal: pass.signal, timeoutMs: graceSeconds * 1000, clock: pass.clock, what: "spend the grace period" });
  try {
    await work(deadline.signal);
  } catch (error) {
    pass.signal.throwIfAborted();
    // Out of grace: the container is stopped all the same.
    if (!deadline.signal.aborted) throw error;
  }
  return graceSeconds - Math.floor((pass.clock.monotonicMs() - startMs) / 1000);
};

const tellPreStopFailed = (pass: PodPass, name: string, problem: string): void => {
  pass.logger.info("preStop hook failed", { pod: pass.ref, container: name, problem });
  const fieldPath = findFieldPath(pass.pod, name);
  recordEvent(pass, { type: "Warning", reason: EVENT_REASONS.FailedPreStopHook, message: "PreStopHook failed", fieldPath });
};

const runPreStop = async (pass: PodPass, request: KillRequest): Promise<number> => {
  const { container, graceSeconds, id: containerId, podIps } = request;
  const handler = container?.lifecycle?.preStop;
  if (container === undefined || handler === undefined || graceSeconds <= 0) return graceSeconds;
  return spendGrace(pass, graceSeconds, async (signal) => {
    try {
      const problem = await runHook(pass, { container, containerId, handler, podIps, signal });
      if (problem !== undefined) tellPreStopFailed(pass, request.name, problem);
    } catch (error) {
      // A command does not outlive its container: the reference tells of its end when that is stopped.
      if (!pass.signal.aborted && handler.exec !== undefined) tellPreStopFailed(pass, request.name, "the grace period was over first");
      throw error;
    }
  });
};

const awaitTurn = (pass: PodPass, turn: Promise<unknown> | undefined, graceSeconds: number): Promise<number> => {
  if (turn === undefined || graceSeconds <= 0) return Promise.resolve(graceSeconds);
  return spendGrace(pass, graceSeconds, (signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    turn.then(() => resolve(), reject);
    return promise.finally(() => signal.removeEventListener("abort", onAbort));
  });
};

/**
 * Stops one container: the event, the preStop hook, its turn, then StopContainer with what is left of the grace and never under two
 * seconds (reference: killContainer, kuberuntime_container.go). A container that is gone counts as stopped.
 */
export const killContainer = async (pass: PodPass, request: KillRequest): Promise<void> => {
  const message = request.message ?? `Stopping container ${request.name}`;
  const fieldPath = findFieldPath(pass.pod, request.name);
  recordEvent(pass, { type: "Normal", reason: EVENT_REASONS.Killing, message, fieldPath });
  const afterHook = await runPreStop(pass, request);
  const graceSeconds = Math.max(MINIMUM_GRACE_SECONDS, await awaitTurn(pass, request.turn, afterHook));
  pass.memory.isStale = true;
  try {
    await pass.ports.containers.stopContainer({ containerId: request.id, timeout: BigInt(graceSeconds) }, { signal: pass.signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
};
