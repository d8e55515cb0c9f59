import { isFeatureEnabled } from "@nk/kubelet-config";
import type { KubeletSettings } from "@nk/kubelet-config";
import { kinds } from "@nk/kube-client";
import { podFullName, podRef } from "@nk/pod-model";
import type { Pod, PodRef, PodSource, PodStatus, PodUid, RuntimePod, RuntimePodStatus } from "@nk/pod-model";
import { createPodStatuses, needsReadinessPass } from "@nk/pod-status";
import type { PodStartLatency, PodStatuses, StartTimelines, StatusWriter } from "@nk/pod-status";
import { createActiveDeadlines, createPodWorkers, createPodWorkersMetrics } from "@nk/pod-workers";
import type {
  ActiveDeadlines,
  AllocationStore,
  NodeAdmissionPorts,
  PodAdmission,
  PodStatusPort,
  PodWorkers,
  PodWorkersMetrics,
} from "@nk/pod-workers";
import type { Probes } from "@nk/probes";
import { createEmitter } from "@nk/stdx";
import type { Emitter } from "@nk/stdx";
import { admissionByNode, timedAdmission } from "../adapters/admission.ts";
import type { EventLog } from "../adapters/event-log.ts";
import { createFirstObservation } from "../adapters/first-observation.ts";
import type { FirstObservation } from "../adapters/first-observation.ts";
import { createKnownStatuses } from "../adapters/known-status.ts";
import { primaryHostIp } from "../adapters/node-facts.ts";
import type { HostFacts } from "../adapters/host.ts";
import type { NodeView } from "../adapters/node-view.ts";
import { asShown, podRuntime } from "../adapters/pod-runtime.ts";
import type { ProbeMemory } from "../adapters/probe-memory.ts";
import { applyProbes, probeVerdicts } from "../adapters/probing.ts";
import { activeSinceMs, standingOf } from "../adapters/standing.ts";
import { readMessageOf } from "../adapters/termination-messages.ts";
import type { Engines, PodDecision } from "./engines.ts";
import type { Membership } from "./node.ts";
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
  readonly timelines: StartTimelines;
  /** Takes over what the runtime holds as the kubelet starts, before any source may conclude anything from it. */
  adopt(pods: readonly RuntimePod[]): void;
  /** Every source has reported: what nobody wants may be concluded from then on. */
  readonly sourcesReady: Promise<void>;
  /** Called when nothing of a pod is left and nobody wants it any more. */
  subscribeForgotten(listener: (ref: PodRef) => void): Disposable;
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
  readonly memory: ProbeMemory;
  /** What the engines decided; kept with the workers' own decisions. */
  readonly decisions: Emitter<PodDecision>;
  readonly timelines: StartTimelines;
  readonly sources: readonly PodSource[];
  readonly view: NodeView;
  readonly host: HostFacts;
  /** Absent without an API server. */
  readonly membership: Membership | undefined;
  /** What resized pods were given, by this kubelet and those before it. */
  readonly allocations: AllocationStore;
  readonly stack: AsyncDisposableStack;
}

type ApplyProbes = (pod: Pod) => void;

const createStatusPort = (
  statuses: PodStatuses,
  parts: {
    readonly events: EventLog;
    readonly applyPodProbes: ApplyProbes;
    readonly writer: StatusWriter | undefined;
    readonly firstObservation: FirstObservation;
  },
): PodStatusPort => ({
  publish: async (pod, work) => {
    await parts.firstObservation.settled(podRef(pod).uid);
    parts.applyPodProbes(pod);
    const { phase } = await statuses.publish(pod, standingOf(work));
    return { terminal: phase === "Succeeded" || phase === "Failed" };
  },
  rejected: (pod, { reason, message }) => {
    parts.events.record({ ref: podRef(pod), type: "Warning", reason, message });
    statuses.reject(pod, { reason, message });
  },
  finished: (pod) => parts.writer?.finished(pod),
  reconcile: needsReadinessPass,
});

/** A status goes to the API, and says since when the pod has been active. */
const followStatuses = (
  statuses: PodStatuses,
  {
    writer,
    latency,
    deadlines,
    timelines,
  }: {
    readonly writer: StatusWriter | undefined;
    readonly latency: PodStartLatency | undefined;
    readonly deadlines: ActiveDeadlines;
    readonly timelines: StartTimelines;
  },
): Disposable =>
  statuses.subscribe((change) => {
    const { pod, status, stoppedForGood } = change;
    writer?.publish(pod, status, { couldHaveRunningContainers: !stoppedForGood });
    latency?.changed(change);
    timelines.changed(podRef(pod).uid, status);
    deadlines.observe(pod, activeSinceMs(status));
  });

/** What was observed, probed or decided reaches the statuses and the workers at once. */
const joinObservations = (parts: PodLoopParts, loop: Pick<PodLoop, "workers" | "statuses">, applyPodProbes: ApplyProbes): void => {
  const { runtime, probes, memory, decisions, membership, stack } = parts;
  const { workers, statuses } = loop;
  // It may have grown.
  if (membership !== undefined) stack.use(membership.cluster.nodes.subscribe(() => workers.roomFreed("node_updated")));
  stack.use(
    runtime.status.subscribe(() => {
      for (const { ref, state } of workers.list()) if (state === "syncing") workers.wake(ref.uid, "runtime or network status changed");
    }),
  );
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
    probes.results.subscribe((change) => {
      const { uid, probeType, result } = change;
      const pod = statuses.pod(uid);
      if (pod !== undefined) memory.remember(pod, change, probes.results);
      if (probeType !== "liveness") void statuses.refresh(uid);
      const text = `${probeType} probe: ${result}`;
      // Something is done about the pod: a container is restarted, or those after a sidecar are started.
      if (probeType !== "readiness" && result !== (probeType === "liveness" ? "success" : "unknown")) workers.wake(uid, text);
      else workers.note(uid, text);
    }),
  );
  stack.use(decisions.subscribe(({ uid, text }) => workers.note(uid, text)));
};

const createDeadlines = (
  { events }: PodLoopParts,
  { clock, logger, kill }: Pick<Telemetry, "clock" | "logger"> & { readonly kill: PodWorkers["kill"] },
): ActiveDeadlines =>
  createActiveDeadlines({
    clock,
    events,
    kill: (uid, request) => {
      // It rejects only when the workers end before the pod has.
      kill(uid, request).catch((error: unknown) => logger.debug("pod past its deadline was not waited for", { podUid: uid, error }));
    },
  });

/** Drops what every part remembers of a pod. */
const forgetPod = (
  { engines, probes, memory, timelines, membership }: PodLoopParts,
  { statuses, deadlines }: { readonly statuses: PodStatuses; readonly deadlines: ActiveDeadlines },
  uid: PodUid,
): void => {
  statuses.forget(uid);
  deadlines.forget(uid);
  membership?.writer.forget(uid);
  membership?.latency.forget(uid);
  probes.removePod(uid);
  memory.forget(uid);
  timelines.forget(uid);
  engines.podSync.forget(uid);
  engines.images.forgetPod(uid);
};

const createAdmission = (
  settings: KubeletSettings,
  { clock, logger }: Telemetry,
  given: { readonly parts: PodLoopParts; readonly metrics: PodWorkersMetrics; readonly kill: NodeAdmissionPorts["kill"] },
): PodAdmission => {
  const { runtime, view, host, membership, events, timelines } = given.parts;
  const admission = admissionByNode(
    {
      node: () => view.node(),
      ...(membership === undefined ? {} : { readNode: () => membership.cluster.client.get(kinds.nodes, { name: settings.nodeName }) }),
      kill: given.kill,
      events,
      traitsKnown: runtime.traitsKnown,
      clock,
    },
    {
      allowedUnsafeSysctls: settings.allowedUnsafeSysctls,
      isAppArmorEnabled: host.isAppArmorEnabled,
      resizeLimits: { hasSwap: settings.swapBehavior === "LimitedSwap" && host.cgroupVersion === 2 && host.swapControllerAvailable },
      isOn: (gate) => isFeatureEnabled(gate, settings.featureGates),
      metrics: given.metrics,
      logger: logger.child({ part: "admission" }),
    },
  );
  return timedAdmission(admission, timelines);
};

const showPods = (
  { cache }: Runtime,
  { workers, statuses }: Pick<PodLoop, "workers" | "statuses">,
): Pick<PodLoop, "listPods" | "findPod"> => {
  const known = (pod: Pod): KnownPod => ({ pod, status: statuses.get(podRef(pod).uid), observed: cache.get(podRef(pod).uid) });
  return {
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

const runsIn =
  ({ cache }: Runtime) =>
  (pod: Pod): boolean =>
    cache.get(podRef(pod).uid)?.containers.some(({ state }) => state === "running") === true;

/** Creates the loop and joins it to what is observed; nothing runs before the workers do. */
export const createPodLoop = (settings: KubeletSettings, telemetry: Telemetry, parts: PodLoopParts): PodLoop => {
  const { runtime, engines, events, probes, sources, view, membership, timelines, stack } = parts;
  const { writer, latency } = membership ?? {};
  const { clock, logger, metrics } = telemetry;
  const hostIp = (): string => view.ips()[0] ?? primaryHostIp();
  const sourcesReady = Promise.withResolvers<void>();
  const forgotten = createEmitter<PodRef>();
  const firstObservation = createFirstObservation(runtime.cache);
  const mirrorOf = (pod: Pod): Pod | undefined => workers.mirrorPodOf(podFullName(podRef(pod)));
  const known = createKnownStatuses({ mirrorOf, runs: runsIn(runtime) });
  const observed = (uid: PodUid): RuntimePodStatus | undefined => asShown(engines.podSync, runtime.cache.get(uid));
  const applyPodProbes: ApplyProbes = (pod) => applyProbes(probes, pod, { observed: observed(podRef(pod).uid), hostIp: hostIp() });
  const statuses = createPodStatuses(
    {
      observed,
      probes: (pod) => probeVerdicts(probes, pod, runtime.cache.get(podRef(pod).uid)),
      readTerminationMessage: readMessageOf,
      supportsRecursiveReadOnly: (pod) => engines.findHandler(pod)?.supportsRecursiveReadOnly === true,
    },
    {
      runtimeName: () => runtime.name,
      nodeIps: () => view.ips(),
      knownStatus: (pod) => known.of(pod),
      clock,
      logger: logger.child({ part: "status" }),
    },
  );
  const deadlines = stack.use(createDeadlines(parts, { clock, logger, kill: (uid, request) => workers.kill(uid, request) }));
  const workersMetrics = createPodWorkersMetrics(metrics);
  const workers = createPodWorkers(
    {
      admission: createAdmission(settings, telemetry, {
        parts,
        metrics: workersMetrics,
        kill: (uid, request, options) => workers.kill(uid, request, options),
      }),
      status: createStatusPort(statuses, { events, applyPodProbes, writer, firstObservation }),
      runtime: podRuntime(engines.podSync, statuses, applyPodProbes),
      events,
      allocations: parts.allocations,
    },
    {
      sources,
      onSourcesReady: sourcesReady.resolve,
      onForgotten: (ref) => {
        known.ended(statuses.pod(ref.uid));
        forgetPod(parts, { statuses, deadlines }, ref.uid);
        forgotten.emit(ref);
      },
      syncFrequencyMs: settings.syncFrequencyMs,
      clock,
      logger: logger.child({ part: "workers" }),
      metrics: workersMetrics,
    },
  );
  stack.use(followStatuses(statuses, { writer, latency, deadlines, timelines }));
  joinObservations(parts, { workers, statuses }, applyPodProbes);
  return {
    workers,
    statuses,
    timelines,
    adopt: (held) => {
      firstObservation.expect(held.map(({ uid }) => uid));
      workers.reconcileRuntime(held);
    },
    sourcesReady: sourcesReady.promise,
    subscribeForgotten: (listener) => forgotten.subscribe(listener),
    ...showPods(runtime, { workers, statuses }),
  };
};
