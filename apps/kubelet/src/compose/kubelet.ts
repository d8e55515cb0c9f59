import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { KubeletSettings } from "@nk/kubelet-config";
import { createMounts } from "@nk/mounts";
import { createStartTimelines } from "@nk/pod-status";
import { openUserNamespaces } from "@nk/pod-sync";
import type { UserNamespaces } from "@nk/pod-sync";
import { openAllocationFile } from "@nk/pod-workers";
import { createEmitter, raceSignal, runTaskGroup } from "@nk/stdx";
import { createEventLog } from "../adapters/event-log.ts";
import { reportResolvConf } from "../adapters/resolv-conf.ts";
import { readSubordinateIds } from "../adapters/subordinate-ids.ts";
import { readHostFacts } from "../adapters/host.ts";
import type { HostFacts } from "../adapters/host.ts";
import { applyOomScoreAdj, checkHost, reportHost } from "../adapters/host-checks.ts";
import { createProbes } from "@nk/probes";
import { createProbeMemory } from "../adapters/probe-memory.ts";
import { execThroughRuntime, probesForPodSync } from "../adapters/probing.ts";
import { createNodeView } from "../adapters/node-view.ts";
import { registerFeatures } from "../telemetry/build-metrics.ts";
import { createApiPods, takeSnapshot } from "./api-pods.ts";
import { createEngines } from "./engines.ts";
import type { PodDecision } from "./engines.ts";
import { joinCluster } from "./node.ts";
import { createPodLoop } from "./pods.ts";
import { openRuntime } from "./runtime.ts";
import type { KubeletSelf } from "./self.ts";
import { openServers } from "./servers.ts";
import { createSources, sourceNames } from "./sources.ts";
import type { Telemetry } from "./telemetry.ts";

/** What has to run, by name. */
type Tasks = { readonly [name: string]: (signal: AbortSignal) => Promise<void> };

const openPodIds = async ({ rootDir, node, userNamespaceIdsPerPod }: KubeletSettings, signal: AbortSignal): Promise<UserNamespaces> => {
  const hostIds = await readSubordinateIds({ signal });
  return openUserNamespaces({
    rootDir,
    idsPerPod: userNamespaceIdsPerPod,
    maxPods: node.maxPods,
    ...(hostIds === undefined ? {} : { hostIds }),
  });
};

/**
 * Builds everything in the order of dependency, with its servers listening and nothing running yet; `stack` tears it down in reverse. It
 * touches neither mounts nor cgroups.
 */
export const buildKubelet = async (
  { settings, self, host }: { readonly settings: KubeletSettings; readonly self: KubeletSelf; readonly host: HostFacts },
  telemetry: Telemetry,
  { signal, stack }: { readonly signal: AbortSignal; readonly stack: AsyncDisposableStack },
): Promise<Tasks> => {
  registerFeatures(telemetry.metrics, settings.featureGates);
  const runtime = await openRuntime(settings, telemetry, signal);
  stack.use(runtime.cri);
  stack.use(runtime.cache);
  const membership = await joinCluster(settings, telemetry, { runtime, stack });
  const cluster = membership?.cluster;
  const view = createNodeView(settings, {
    host,
    shown: () => membership?.node.node(),
    features: () => runtime.traits()?.features,
  });
  const events = createEventLog(
    telemetry.logger,
    membership && {
      recorder: membership.cluster.recorder,
      versions: membership.cluster.podVersions,
      recordNode: (event) => membership.node.record(event),
    },
  );
  reportHost(host, events);
  await reportResolvConf(settings, events);
  const decisions = createEmitter<PodDecision>();
  const timelines = createStartTimelines({ clock: telemetry.clock });
  const memory = createProbeMemory({ rootDir: settings.rootDir, logger: telemetry.logger.child({ part: "probes" }) });
  stack.defer(() => memory.settled());
  const probes = createProbes(
    { exec: execThroughRuntime(runtime.cri), events, memory },
    { clock: telemetry.clock, logger: telemetry.logger.child({ part: "probes" }), metrics: telemetry.pages.probes },
  );
  const shared = { runtime, events, host, view, decisions, timelines, stack };
  const engines = createEngines(settings, telemetry, {
    ...shared,
    probes: probesForPodSync(probes),
    latency: membership?.latency,
    cluster,
    userNamespaces: await openPodIds(settings, signal),
  });
  const allocations = await openAllocationFile({ path: join(settings.rootDir, "allocated_resources.json"), logger: telemetry.logger });
  const loop = { ...shared, engines, probes, memory, membership, allocations, sources: sourceNames(settings) };
  const pods = createPodLoop(settings, telemetry, loop);
  const apiPods = membership && createApiPods(settings, telemetry, { membership, pods, engines, stack });
  const sources = createSources(settings, telemetry, (snapshot) => takeSnapshot(pods.workers, apiPods?.mirrors, snapshot));
  await openServers(settings, telemetry, { runtime, pods, cluster, self, stack });

  // What runs already is known before any source may conclude anything from it.
  pods.adopt(await runtime.view.listPods({ signal }));
  return {
    pleg: (taskSignal) => runtime.pleg.run(taskSignal),
    runtimeStatus: (taskSignal) => runtime.status.run(taskSignal),
    workers: (taskSignal) => pods.workers.run(taskSignal),
    probes: (taskSignal) => probes.run(taskSignal),
    ...membership?.tasks,
    ...apiPods?.tasks,
    ...sources,
    remains: async (taskSignal) => {
      await raceSignal(pods.sourcesReady, taskSignal);
      apiPods?.mirrors.sourcesReady();
      await engines.podSync.sweepRemains({ signal: taskSignal, isKnown: (uid) => pods.workers.workState(uid) !== undefined });
    },
  };
};

/**
 * The whole node agent. Resolves when `signal` aborts and everything has drained; pods keep running, and the next kubelet takes them over.
 */
export const runKubelet = async (
  { settings, self }: { readonly settings: KubeletSettings; readonly self: KubeletSelf },
  telemetry: Telemetry,
  signal: AbortSignal,
): Promise<void> => {
  await using stack = new AsyncDisposableStack();
  await mkdir(settings.rootDir, { recursive: true, mode: 0o750 });
  const host = readHostFacts({ root: "/", diskPath: settings.rootDir });
  // Before anything is mounted: a machine that is refused stays as it was.
  checkHost(settings, host);
  await createMounts({ rootDir: settings.rootDir }).ensureSharedRoot({ signal });
  await mkdir(settings.podLogsDir, { recursive: true, mode: 0o755 });
  await applyOomScoreAdj("/proc/self/oom_score_adj", settings.oomScoreAdj, telemetry.logger);
  await runTaskGroup(signal, await buildKubelet({ settings, self, host }, telemetry, { signal, stack }));
};
