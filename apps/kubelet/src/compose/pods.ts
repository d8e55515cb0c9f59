import type { KubeletSettings } from "@nk/kubelet-config";
import { ADMITTED, podRef } from "@nk/pod-model";
import type { Pod, PodSource, PodStatus, PodUid, RuntimePodStatus } from "@nk/pod-model";
import { createPodStatuses } from "@nk/pod-status";
import type { PodStatuses } from "@nk/pod-status";
import { createPodWorkers, createPodWorkersMetrics } from "@nk/pod-workers";
import type { PodWorkers } from "@nk/pod-workers";
import type { Probes } from "@nk/probes";
import type { EventLog } from "../adapters/event-log.ts";
import { primaryHostIp } from "../adapters/node-facts.ts";
import { applyProbes, probeVerdicts } from "../adapters/probing.ts";
import { readMessageOf } from "../adapters/termination-messages.ts";
import { podRuntime } from "../adapters/pod-runtime.ts";
import { standingOf } from "../adapters/standing.ts";
import type { Emitter } from "@nk/stdx";
import type { Engines, PodDecision } from "./engines.ts";
import type { Runtime } from "./runtime.ts";
import type { Telemetry } from "./telemetry.ts";

/** The pods of this node: what is wanted, what is being done about it, and what they look like. */
export interface PodLoop {
  readonly workers: PodWorkers;
  readonly statuses: PodStatuses;
  /** Every pod that is known, with its live status. */
  listPods(): readonly Pod[];
  findPod(
    namespace: string,
    name: string,
  ): { readonly pod: Pod; readonly status: PodStatus | undefined; readonly observed: RuntimePodStatus | undefined } | undefined;
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

/** Creates the loop and joins it to what is observed; nothing runs before the workers do. */
export const createPodLoop = (settings: KubeletSettings, telemetry: Telemetry, parts: PodLoopParts): PodLoop => {
  const { runtime, engines, events, probes, decisions, sources, stack } = parts;
  const { clock, logger, metrics } = telemetry;
  const hostIp = settings.nodeIps[0] ?? primaryHostIp();
  const applyPodProbes = (pod: Pod): void => applyProbes(probes, pod, { observed: runtime.cache.get(podRef(pod).uid), hostIp });
  const statuses: PodStatuses = createPodStatuses(
    {
      observed: (uid) => runtime.cache.get(uid),
      probes: (uid) => probeVerdicts(probes, statuses.pod(uid), runtime.cache.get(uid)),
      readTerminationMessage: readMessageOf,
    },
    { runtimeName: () => runtime.name, nodeIps: () => settings.nodeIps, clock, logger: logger.child({ part: "status" }) },
  );
  const workers: PodWorkers = createPodWorkers(
    {
      admission: { admit: () => ADMITTED },
      status: {
        publish: async (pod, work) => {
          applyPodProbes(pod);
          const { phase } = await statuses.publish(pod, standingOf(work));
          return { terminal: phase === "Succeeded" || phase === "Failed" };
        },
        rejected: (pod, result) => {
          const { reason, message } = result;
          events.record({ ref: podRef(pod), type: "Warning", reason, message });
          void statuses.publish(pod, {
            stoppedForGood: false,
            override: { phase: "Failed", reason, message: `Pod was rejected: ${message}` },
          });
        },
        finished: () => undefined,
      },
      runtime: podRuntime({ podSync: engines.podSync, statuses, cache: runtime.cache }),
      events,
    },
    {
      sources,
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
  stack.use(decisions.subscribe(({ uid, text }) => workers.note(uid, text)));
  stack.use(
    runtime.cache.subscribe((uid: PodUid) => {
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
  const withStatus = (pod: Pod): Pod => {
    const status = statuses.get(podRef(pod).uid);
    return status === undefined ? pod : { ...pod, status };
  };
  const listPods = (): readonly Pod[] => workers.desiredPods().map(withStatus);
  return {
    workers,
    statuses,
    listPods,
    findPod: (namespace, name) => {
      const pod = workers.desiredPods().find((one) => podRef(one).name === name && podRef(one).namespace === namespace);
      if (pod === undefined) return undefined;
      const { uid } = podRef(pod);
      return { pod, status: statuses.get(uid), observed: runtime.cache.get(uid) };
    },
  };
};
