import { podRef } from "@nk/pod-model";
import type { Pod, PodUid, RuntimePod } from "@nk/pod-model";
import { noopLogger, noopMetrics, systemClock, systemRandom } from "@nk/stdx";
import { createPodSyncMetrics } from "../metrics.ts";
import type { PodSyncOptions } from "../options.ts";
import { listLiveContainers } from "../plan/compute-plan.ts";
import { DEFAULT_CRASH_BACKOFF_LIMITS } from "../plan/crash-backoff.ts";
import type { PodSyncPorts } from "../ports.ts";
import { observe } from "./attempt.ts";
import { cleanUpPod } from "./clean-up.ts";
import { killPod } from "./kill-pod.ts";
import { restorePod } from "./orphan.ts";
import { createPodMemories } from "./pod-memory.ts";
import type { PodPass, Settings, SyncContext } from "./sync-context.ts";
import { sweepRemains } from "./sweep-remains.ts";
import type { SweepOptions } from "./sweep-remains.ts";
import { syncPod } from "./sync-pod.ts";
import type { SyncResult } from "./sync-pod.ts";

/** How a pod is ended. */
export interface TerminateOptions {
  readonly signal: AbortSignal;
  /** Replaces the grace period that the pod or its deletion states, in whole seconds. */
  readonly gracePeriodSeconds?: number;
  /** Why, for `onDecision`. */
  readonly reason?: string;
}

/** How a stopped pod is cleaned up. */
export interface CleanUpOptions {
  readonly signal: AbortSignal;
  /** Whether the pod is gone from its source, so that its containers and logs go too. Default false. */
  readonly isRemoved?: boolean;
}

/**
 * Brings one pod at a time to what its definition asks for. For one UID the caller makes one call at a time; calls for different pods
 * may overlap. Every call leaves nothing behind that acts after it has settled, may be aborted at any moment, and may be made again
 * after any failure or abort, or by another process: it goes on from what the runtime reports.
 */
export interface PodSync {
  /** One pass over a pod that is to run. Rejects only with the signal's reason. */
  sync(pod: Pod, options: { readonly signal: AbortSignal }): Promise<SyncResult>;
  /** Stops containers and sandboxes. Rejects with `PodSyncError` when something still runs. Abort it to start again with less grace. */
  terminate(pod: Pod, options: TerminateOptions): Promise<void>;
  /** Stops a pod that the runtime has and no source knows, by default with one second of grace. */
  terminateOrphan(pod: RuntimePod, options: { readonly signal: AbortSignal; readonly gracePeriodSeconds?: number }): Promise<void>;
  /** Removes such a pod when it is stopped, with all it held. */
  cleanUpOrphan(pod: RuntimePod, options: { readonly signal: AbortSignal }): Promise<void>;
  /** Releases what a terminated pod holds. Rejects with `PodSyncError`. */
  cleanUp(pod: Pod, options: CleanUpOptions): Promise<void>;
  /** Once every source has spoken: cleans up after pods that an earlier kubelet was removing when it died. */
  sweepRemains(options: SweepOptions): Promise<void>;
  /** Whether anything of the pod runs, from memory; undefined when it was not observed yet. */
  hasRunning(uid: PodUid): boolean | undefined;
  /** Drops what is remembered of a pod that needed no clean-up. */
  forget(uid: PodUid): void;
}

/** Grace of a pod that nobody wants any more (reference: kubelet_pods.go, orphaned runtime pods). */
const ORPHAN_GRACE_SECONDS = 1;

const DEFAULTS: Settings = {
  podLogsDir: "/var/log/pods",
  crashBackoff: DEFAULT_CRASH_BACKOFF_LIMITS,
  retryInitialMs: 1000,
  retryMaxMs: 10_000,
  backoffEventIntervalMs: 10_000,
  maxRounds: 64,
  hookVersion: "1.36",
  onDecision: () => {},
  onSandboxReady: () => {},
};

const createContext = (ports: PodSyncPorts, options: PodSyncOptions): SyncContext => ({
  ports,
  settings: { ...DEFAULTS, ...options },
  metrics: createPodSyncMetrics(options.metrics ?? noopMetrics),
  memories: createPodMemories(),
  clock: options.clock ?? systemClock,
  random: options.random ?? systemRandom,
  logger: options.logger ?? noopLogger,
});

/** Creates the engine. It reads nothing and starts nothing by itself. */
export const createPodSync = (ports: PodSyncPorts, options: PodSyncOptions = {}): PodSync => {
  const context = createContext(ports, options);

  const passOver = (pod: Pod, signal: AbortSignal): PodPass => {
    const ref = podRef(pod);
    return { ...context, pod, ref, memory: context.memories.of(ref.uid), signal };
  };

  return {
    sync: async (pod, { signal }) => syncPod(passOver(pod, signal)),
    terminate: async (pod, { signal, gracePeriodSeconds, reason }) => {
      signal.throwIfAborted();
      const pass = passOver(pod, signal);
      context.settings.onDecision(pass.ref.uid, "terminate the pod", { reason, gracePeriodSeconds });
      ports.probes.podStopping?.(pass.ref);
      await killPod(pass, await observe(pass), { overrideSeconds: gracePeriodSeconds });
      ports.probes.podStopped?.(pass.ref);
    },
    terminateOrphan: async (runtimePod, { signal, gracePeriodSeconds = ORPHAN_GRACE_SECONDS }) => {
      signal.throwIfAborted();
      const pass = passOver(restorePod(runtimePod), signal);
      context.settings.onDecision(pass.ref.uid, "terminate a pod that no source knows", { gracePeriodSeconds });
      ports.probes.podStopping?.(pass.ref);
      await killPod(pass, await observe(pass), { overrideSeconds: gracePeriodSeconds });
      ports.probes.podStopped?.(pass.ref);
    },
    cleanUpOrphan: async (runtimePod, { signal }) => {
      const pass = passOver(restorePod(runtimePod), signal);
      await cleanUpPod(pass, { isRemoved: true });
      context.memories.forget(pass.ref.uid);
    },
    cleanUp: async (pod, { signal, isRemoved = false }) => {
      const pass = passOver(pod, signal);
      await cleanUpPod(pass, { isRemoved });
      context.memories.forget(pass.ref.uid);
    },
    sweepRemains: (options) => sweepRemains(context, passOver, options),
    hasRunning: (uid) => {
      const observed = ports.observed.get(uid);
      return observed === undefined ? undefined : listLiveContainers(observed).length > 0;
    },
    forget: (uid) => context.memories.forget(uid),
  };
};
