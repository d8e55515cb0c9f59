import type { Pod, PodRef, ResourceChanges, RuntimePodStatus } from "@nk/pod-model";
import type { Clock, Logger, RandomSource, Turns } from "@nk/stdx";
import type { PodSyncMetrics } from "../metrics.ts";
import type { PodSyncOptions } from "../options.ts";
import type { CrashBackoffLimits } from "../plan/crash-backoff.ts";
import type { PodGrowth, PodSyncPorts } from "../ports.ts";
import type { PodMemories, PodMemory } from "./pod-memory.ts";

/** The options with their defaults. */
export interface Settings {
  readonly podLogsDir: string;
  readonly crashBackoff: CrashBackoffLimits;
  readonly retryInitialMs: number;
  readonly retryMaxMs: number;
  readonly backoffEventIntervalMs: number;
  readonly maxRounds: number;
  readonly sandboxStarts: NonNullable<PodSyncOptions["sandboxStarts"]>;
  readonly hookVersion: string;
  readonly onDecision: NonNullable<PodSyncOptions["onDecision"]>;
  readonly onStep?: PodSyncOptions["onStep"];
  readonly onSandboxReady: NonNullable<PodSyncOptions["onSandboxReady"]>;
}

/** What all passes share. */
export interface SyncContext {
  readonly ports: PodSyncPorts;
  readonly settings: Settings;
  readonly metrics: PodSyncMetrics;
  readonly memories: PodMemories;
  readonly sandboxStarts: Turns;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
}

/** One pass over one pod. */
export interface PodPass extends SyncContext {
  readonly pod: Pod;
  readonly ref: PodRef;
  readonly memory: PodMemory;
  readonly signal: AbortSignal;
  /** No container is started before it resolves; absent: at once. */
  readonly mayStart?: Promise<void>;
  /** Absent while nothing is to be resized. */
  readonly resize?: ResizeOrder;
}

/** The pod was given other resources than its running containers have. */
export interface ResizeOrder {
  /** When it was accepted, epoch ms; tells one order from the next. */
  readonly acceptedAtMs: number;
  readonly changes: ResourceChanges;
}

/** What a step made; nothing: it only changed what was there. */
export type Made = Pick<PodGrowth, "sandboxId" | "containerId">;

/**
 * Reads the runtime: with `made` what is known and what a step of ours made, else whatever it has. A read that fails leaves the
 * observation marked as stale, so that the next pass reads before it plans.
 */
export const refreshObservation = async (pass: PodPass, made?: Made): Promise<RuntimePodStatus | undefined> => {
  const { name, namespace, uid } = pass.ref;
  pass.memory.isStale = true;
  const growth = made === undefined ? {} : { growth: { name, namespace, ...made } };
  const observed = await pass.ports.observed.refresh(uid, { signal: pass.signal, ...growth });
  pass.memory.isStale = false;
  return observed;
};

/** The same after a step of our own whose outcome is known: a failed read is no failure of the step. */
export const tryRefreshObservation = async (pass: PodPass, made?: Made): Promise<RuntimePodStatus | undefined> => {
  try {
    return await refreshObservation(pass, made);
  } catch (error) {
    pass.signal.throwIfAborted();
    pass.logger.warn("pod could not be read after a step", { pod: pass.ref, error });
    return pass.ports.observed.get(pass.ref.uid);
  }
};

/** What is known; read now if nothing is, for the pod may have been started by the kubelet before this one. */
export const currentObservation = async (pass: PodPass): Promise<RuntimePodStatus | undefined> => {
  const { memory, ports, ref } = pass;
  const known = memory.isStale ? undefined : ports.observed.get(ref.uid);
  if (known === undefined && !memory.isTouched && ports.observed.isNew?.(ref.uid) === true) return undefined;
  return known ?? refreshObservation(pass);
};

/** Tells that the pod is being changed until the result is disposed; the caller refreshes the observation before. */
export const holdObservation = (pass: Pick<PodPass, "ports" | "ref">): Disposable =>
  pass.ports.observed.hold?.(pass.ref.uid) ?? { [Symbol.dispose]: () => {} };
