import { podRef } from "@nk/pod-model";
import type { Pod, PodUid, RuntimePod } from "@nk/pod-model";
import { createKeyedExecutor, createTurns, noopLogger, noopMetrics, systemClock, systemRandom } from "@nk/stdx";
import { createPodSyncMetrics } from "../metrics.ts";
import type { PodSyncOptions } from "../options.ts";
import { listLiveContainers } from "../plan/compute-plan.ts";
import { DEFAULT_CRASH_BACKOFF_LIMITS } from "../plan/crash-backoff.ts";
import type { PodSyncPorts } from "../ports.ts";
import { attempt } from "./attempt.ts";
import { cleanUpPod } from "./clean-up.ts";
import { killPod } from "./kill-pod.ts";
import { restorePod } from "./orphan.ts";
import { releaseVolumes } from "./pod-setup.ts";
import { createPodMemories } from "./pod-memory.ts";
import { currentObservation } from "./sync-context.ts";
import type { PodPass, ResizeOrder, Settings, SyncContext } from "./sync-context.ts";
import { sweepRemains } from "./sweep-remains.ts";
import type { SweepOptions } from "./sweep-remains.ts";
import { syncPod } from "./sync-pod.ts";
import type { SyncResult } from "./sync-pod.ts";

/** How a pod is synced. */
export interface SyncOptions {
  readonly signal: AbortSignal;
  readonly mayStart?: Promise<void> | undefined;
  /** Given with each pass until the result says how it ended. */
  readonly resize?: ResizeOrder | undefined;
}

/** How a pod is ended. */
export interface TerminateOptions {
  readonly signal: AbortSignal;
  /** Replaces the grace period that the pod or its deletion states, in whole seconds. */
  readonly gracePeriodSeconds?: number | undefined;
  /** Why, for `onDecision`. */
  readonly reason?: string | undefined;
  /** Called when every container has ended, and awaited before the sandbox is stopped; not when one could not be stopped. */
  readonly onContainersStopped?: (() => Promise<void>) | undefined;
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
  /**
   * One pass over a pod that is to run. Rejects only with the signal's reason. No container is started before `mayStart` resolves; everything
   * before the start of the first one does not wait for it. With `resize` what runs is brought to the resources that the pod states.
   */
  sync(pod: Pod, options: SyncOptions): Promise<SyncResult>;
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
  /**
   * Whether a container's postStart hook is under way. To everybody else it has not started until that has ended: not running in its
   * pod's status and not probed, although the runtime says that it runs. Asked again when `sync` settles, nothing else tells the end.
   */
  isStarting(uid: PodUid, containerId: string): boolean;
  /**
   * Whether a container is being stopped to be started anew (its definition changed, a probe failed, its sandbox died), and its successor has not started yet.
   * Whatever its restart policy makes of its exit code it has not ended for good: its pod goes on.
   */
  isReplaced(uid: PodUid, containerId: string): boolean;
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
  sandboxStarts: { limit: 8, patienceMs: 2000 },
  hookVersion: "1.36",
  onDecision: () => {},
  onSandboxReady: () => {},
};

const createContext = (ports: PodSyncPorts, options: PodSyncOptions): SyncContext => {
  const settings: Settings = { ...DEFAULTS, ...options };
  const clock = options.clock ?? systemClock;
  return {
    ports,
    settings,
    metrics: createPodSyncMetrics(options.metrics ?? noopMetrics),
    memories: createPodMemories(),
    sandboxStarts: createTurns({ ...settings.sandboxStarts, clock }),
    clock,
    random: options.random ?? systemRandom,
    logger: options.logger ?? noopLogger,
  };
};

/** Creates the engine. It reads nothing and starts nothing by itself. */
export const createPodSync = (ports: PodSyncPorts, options: PodSyncOptions = {}): PodSync => {
  const context = createContext(ports, options);

  const passOver = (pod: Pod, signal: AbortSignal): PodPass => {
    const ref = podRef(pod);
    return { ...context, pod, ref, memory: context.memories.of(ref.uid), signal };
  };

  // The caller's calls for one UID never overlap; the sweep's may meet them.
  const lanes = createKeyedExecutor();
  const inLane = <T>(pod: Pod, signal: AbortSignal, work: (pass: PodPass) => Promise<T>): Promise<T> =>
    lanes.run(podRef(pod).uid, () => work(passOver(pod, signal)), { signal });
  const kill = async (pass: PodPass, options: Pick<TerminateOptions, "gracePeriodSeconds" | "onContainersStopped">): Promise<void> => {
    const { gracePeriodSeconds, onContainersStopped } = options;
    ports.probes.podStopping?.(pass.ref);
    const what = "read the runtime's state";
    const observed = await attempt(pass, { code: "observation-failed", what }, () => currentObservation(pass));
    // Nobody uses the volumes any more while the sandbox and its network are taken down. What fails is tried again when it is cleaned up.
    let releasing: Promise<unknown> = Promise.resolve();
    const onStopped = async (): Promise<void> => {
      await onContainersStopped?.();
      releasing = releaseVolumes(pass).catch((error: unknown) => context.logger.debug("early release failed", { pod: pass.ref, error }));
    };
    try {
      await killPod(pass, observed, { overrideSeconds: gracePeriodSeconds, onContainersStopped: onStopped });
    } finally {
      await releasing;
    }
    ports.probes.podStopped?.(pass.ref);
  };
  const cleanUp = async (pass: PodPass, isRemoved: boolean): Promise<void> => {
    await cleanUpPod(pass, { isRemoved });
    context.memories.forget(pass.ref.uid);
    if (isRemoved) return;
    // What is left is to be removed later, without doing everything again.
    const left = context.memories.of(pass.ref.uid);
    left.areVolumesReleased = true;
    left.isTouched = true;
    for (const id of pass.memory.stoppedSandboxes) left.stoppedSandboxes.add(id);
  };

  return {
    sync: (pod, { signal, mayStart, resize }) =>
      inLane(pod, signal, (pass) =>
        syncPod({ ...pass, ...(mayStart === undefined ? {} : { mayStart }), ...(resize === undefined ? {} : { resize }) }),
      ),
    terminate: (pod, { signal, gracePeriodSeconds, reason, onContainersStopped }) =>
      inLane(pod, signal, (pass) => {
        context.settings.onDecision(pass.ref.uid, "terminate the pod", { reason, gracePeriodSeconds });
        return kill(pass, { gracePeriodSeconds, onContainersStopped });
      }),
    terminateOrphan: (runtimePod, { signal, gracePeriodSeconds = ORPHAN_GRACE_SECONDS }) =>
      inLane(restorePod(runtimePod), signal, (pass) => {
        context.settings.onDecision(pass.ref.uid, "terminate a pod that no source knows", { gracePeriodSeconds });
        return kill(pass, { gracePeriodSeconds });
      }),
    cleanUpOrphan: (runtimePod, { signal }) => inLane(restorePod(runtimePod), signal, (pass) => cleanUp(pass, true)),
    cleanUp: (pod, { signal, isRemoved = false }) => inLane(pod, signal, (pass) => cleanUp(pass, isRemoved)),
    sweepRemains: (sweep) =>
      sweepRemains(context, sweep, (ref) =>
        inLane({ metadata: { ...ref }, spec: { containers: [] } }, sweep.signal, async (pass) => {
          // Asked where nobody else can be at work on it: a pod that came back in the meantime is not touched.
          if (!sweep.isKnown(ref.uid)) await cleanUp(pass, true);
        }),
      ),
    hasRunning: (uid) => {
      const observed = ports.observed.get(uid);
      return observed === undefined ? undefined : listLiveContainers(observed).length > 0;
    },
    isStarting: (uid, containerId) => context.memories.get(uid)?.starting.has(containerId) ?? false,
    isReplaced: (uid, containerId) => context.memories.get(uid)?.replacing.has(containerId) ?? false,
    forget: (uid) => context.memories.forget(uid),
  };
};
