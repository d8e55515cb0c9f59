import type { KubeletSettings } from "@nk/kubelet-config";
import { ADMITTED, podRef } from "@nk/pod-model";
import type { Pod, PodSource, PodStatus, PodUid, RuntimePodStatus } from "@nk/pod-model";
import { createPodStatuses } from "@nk/pod-status";
import type { PodStatuses } from "@nk/pod-status";
import { createPodWorkers, createPodWorkersMetrics } from "@nk/pod-workers";
import type { PodStatusPort, PodWorkers } from "@nk/pod-workers";
import type { Probes } from "@nk/probes";
import type { Emitter, Logger } from "@nk/stdx";
import type { EventLog } from "../adapters/event-log.ts";
import { primaryHostIp } from "../adapters/node-facts.ts";
import { podRuntime, withoutStarting } from "../adapters/pod-runtime.ts";
import { applyProbes, probeVerdicts } from "../adapters/probing.ts";
import { standingOf } from "../adapters/standing.ts";
import { readMessageOf } from "../adapters/termination-messages.ts";
import type { Engines, PodDecision } from "./engines.ts";
import type { Runtime } from "./runtime.ts";
import type { Telemetry } from "./telemetry.ts";

/** What is known of one pod. */
export interface KnownPod {
  readonly pod: Pod;
  readonly status: PodStatus | undefined;
  readonly observed: RuntimePodStatus | undefined;
}

/** The pods of this node: what is wanted, what is being done about it, and what they look like. */
export interface PodLoop {
  readonly workers: PodWorkers;
  readonly statuses: PodStatuses;
  /** Every source has reported: what nobody wants may be concluded from then on. */
  readonly sourcesReady: Promise<void>;
  /** Every pod that is known, with its live status. */
  listPods(): readonly Pod[];
  findPod(namespace: string, name: string): KnownPod | undefined;
}

/** What the loop is made from. */
export interface PodLoopParts {
  readonly runtime: Runtime;
  readonly engines: Engines;
  readonly events: EventLog;
  readonly probes: Probes;
  /** What the engines decided; kept with the workers' own decisions. */
  readonly decisions: Emitter<PodDecision>;
  readonly sources: readonly PodSource[];
  readonly stack: AsyncDisposableStack;
}

type ApplyProbes = (pod: Pod) => void;

const createStatusPort = (
  statuses: PodStatuses,
  parts: { readonly events: EventLog; readonly logger: Logger; readonly applyPodProbes: ApplyProbes },
): PodStatusPort => ({
  publish: async (pod, work) => {
    parts.applyPodProbes(pod);
    const { phase } = await statuses.publish(pod, standingOf(work));
    return { terminal: phase === "Succeeded" || phase === "Failed" };
  },
  rejected: (pod, { reason, message }) => {
    parts.events.record({ ref: podRef(pod), type: "Warning", reason, message });
    const override = { phase: "Failed", reason, message: `Pod was rejected: ${message}` } as const;
    // Nobody waits for it: unheard, its failure would end the process.
    statuses
      .publish(pod, { stoppedForGood: false, override })
      .catch((error: unknown) => parts.logger.error("status of a rejected pod cannot be computed", { pod: podRef(pod), error }));
  },
  finished: () => undefined,
});

/** What was observed, probed or decided reaches the statuses and the workers at once. */
const joinObservations = (parts: PodLoopParts, loop: Pick<PodLoop, "workers" | "statuses">, applyPodProbes: ApplyProbes): void => {
  const { runtime, probes, decisions, stack } = parts;
  const { workers, statuses } = loop;
  stack.use(
    // A pod that the runtime does not have yet changes nothing in the cache when it can be read again.
    runtime.cache.subscribeHealth((uid, health) => {
      if (health.state === "healthy") workers.wake(uid, "pod is readable again");
    }),
  );
  stack.use(
    runtime.cache.subscribe((uid, observed) => {
      // The runtime may finish, late, what a kubelet that was killed had asked of it, for a pod that nobody wants any more.
      if (observed !== undefined && workers.workState(uid) === undefined) workers.reconcileRuntime([observed]);
      const pod = statuses.pod(uid);
      // First the probes: a container that just started is not ready because nobody has asked it yet.
      if (pod !== undefined) applyPodProbes(pod);
      void statuses.refresh(uid);
      workers.wake(uid, "runtime changed");
    }),
  );
  stack.use(
    probes.results.subscribe(({ uid, probeType, result }) => {
      void statuses.refresh(uid);
      workers.wake(uid, `${probeType} probe: ${result}`);
    }),
  );
  stack.use(decisions.subscribe(({ uid, text }) => workers.note(uid, text)));
};

/** Creates the loop and joins it to what is observed; nothing runs before the workers do. */
export const createPodLoop = (settings: KubeletSettings, telemetry: Telemetry, parts: PodLoopParts): PodLoop => {
  const { runtime, engines, events, probes, sources } = parts;
  const { clock, logger, metrics } = telemetry;
  const hostIp = settings.nodeIps[0] ?? primaryHostIp();
  const sourcesReady = Promise.withResolvers<void>();
  const observed = (uid: PodUid): RuntimePodStatus | undefined => withoutStarting(engines.podSync, runtime.cache.get(uid));
  const applyPodProbes: ApplyProbes = (pod) => applyProbes(probes, pod, { observed: observed(podRef(pod).uid), hostIp });
  const statuses = createPodStatuses(
    {
      observed,
      probes: (pod) => probeVerdicts(probes, pod, runtime.cache.get(podRef(pod).uid)),
      readTerminationMessage: readMessageOf,
    },
    { runtimeName: () => runtime.name, nodeIps: () => settings.nodeIps, clock, logger: logger.child({ part: "status" }) },
  );
  const workers = createPodWorkers(
    {
      admission: { admit: () => ADMITTED },
      status: createStatusPort(statuses, { events, logger, applyPodProbes }),
      runtime: podRuntime(engines.podSync, statuses, applyPodProbes),
      events,
    },
    {
      sources,
      onSourcesReady: sourcesReady.resolve,
      onForgotten: ({ uid }) => {
        statuses.forget(uid);
        probes.removePod(uid);
        engines.podSync.forget(uid);
        engines.images.forgetPod(uid);
      },
      syncFrequencyMs: settings.syncFrequencyMs,
      clock,
      logger: logger.child({ part: "workers" }),
      metrics: createPodWorkersMetrics(metrics),
    },
  );
  joinObservations(parts, { workers, statuses }, applyPodProbes);
  const known = (pod: Pod): KnownPod => ({ pod, status: statuses.get(podRef(pod).uid), observed: runtime.cache.get(podRef(pod).uid) });
  return {
    workers,
    statuses,
    sourcesReady: sourcesReady.promise,
    listPods: () =>
      workers
        .desiredPods()
        .map(known)
        .map(({ pod, status }) => (status === undefined ? pod : { ...pod, status })),
    findPod: (namespace, name) => {
      const pod = workers.desiredPods().find((one) => podRef(one).name === name && podRef(one).namespace === namespace);
      return pod === undefined ? undefined : known(pod);
    },
  };
};
