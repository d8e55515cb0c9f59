import { createCgroups } from "@nk/cgroups";
import type { CgroupResources } from "@nk/cgroups";
import type { PodSandboxConfig } from "@nk/cri-api";
import { createFileCredentials, createImages, listCredentialFiles } from "@nk/images";
import type { Images } from "@nk/images";
import type { KubeletSettings } from "@nk/kubelet-config";
import { computePodCgroupLimits, crashBackoffUpTo, createPodFiles, createPodSync } from "@nk/pod-sync";
import type { ExtrasPort, PodFiles, PodSync, ProbePort, RuntimeHandlerFacts, UserNamespaces } from "@nk/pod-sync";
import type { Pod, PodUid } from "@nk/pod-model";
import type { PodStartLatency, StartTimelines } from "@nk/pod-status";
import type { Emitter } from "@nk/stdx";
import { createMounts } from "@nk/mounts";
import type { PodObjects, Volumes } from "@nk/volumes";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { cwd } from "node:process";
import { podCgroups, toResources } from "../adapters/cgroups.ts";
import type { EventLog } from "../adapters/event-log.ts";
import { sendHook } from "../adapters/hook-http.ts";
import type { HostFacts } from "../adapters/host.ts";
import type { NodeView } from "../adapters/node-view.ts";
import { networkProblemOf } from "../adapters/runtime-status.ts";
import { findRuntimeHandler, runtimeHandlerOf } from "../adapters/runtime-handlers.ts";
import type { HandlerSources } from "../adapters/runtime-handlers.ts";
import { readEnvFile } from "../adapters/env-files.ts";
import { toServiceEnv } from "../adapters/services.ts";
import { readEnvObjects } from "../adapters/cluster-objects.ts";
import { volumesForPods } from "../adapters/pod-volumes.ts";
import type { Cluster } from "./cluster.ts";
import { describeImageError, imageService, imagesForPods } from "../adapters/images.ts";
import { cpuQuotaFacts, createNodeFacts, readHostsFile } from "../adapters/node-facts.ts";
import type { Runtime } from "./runtime.ts";
import type { Telemetry } from "./telemetry.ts";
import { createObjects, createPodVolumes } from "./volumes.ts";

/** What works on one pod at a time. */
export interface Engines {
  readonly podSync: PodSync;
  readonly images: Images<PodSandboxConfig>;
  readonly files: PodFiles;
  readonly volumes: Volumes;
  /** Absent without an API server. */
  readonly objects: PodObjects | undefined;
  /** The pod's runtime handler; undefined when its RuntimeClass does not exist. */
  readonly findHandler: (pod: Pod) => RuntimeHandlerFacts | undefined;
}

/** Why something is done to a pod. */
export interface PodDecision {
  readonly uid: PodUid;
  readonly text: string;
}

/** What the engines are made from. */
export interface EngineParts {
  readonly runtime: Runtime;
  readonly events: EventLog;
  readonly probes: ProbePort;
  /** Told of pulls, which do not count as a slow start. Absent without an API server. */
  readonly latency: PodStartLatency | undefined;
  readonly host: HostFacts;
  readonly view: NodeView;
  /** Absent without an API server. */
  readonly cluster: Cluster | undefined;
  readonly userNamespaces: UserNamespaces;
  /** Told why a pass does what it does. */
  readonly decisions: Emitter<PodDecision>;
  /** Told of the steps of each pod's start. */
  readonly timelines: StartTimelines;
  readonly stack: AsyncDisposableStack;
}

/** Log links lie beside the pod logs: /var/log/containers for /var/log/pods. */
const containerLogsDir = (settings: KubeletSettings): string => join(dirname(settings.podLogsDir), "containers");

/** Unless the settings say how many, the package's own bound holds. */
const pullBound = (settings: KubeletSettings): { readonly maxParallelPulls?: number } => {
  if (settings.serializeImagePulls) return { maxParallelPulls: 1 };
  return settings.maxParallelImagePulls === undefined ? {} : { maxParallelPulls: settings.maxParallelImagePulls };
};

/** `start a container: container=main, kind=app, reason=new` */
const describeDecision = (text: string, fields: { readonly [key: string]: unknown }): string => {
  let told = "";
  for (const [key, value] of Object.entries(fields))
    if (typeof value === "string" || typeof value === "number") told += `${told === "" ? ": " : ", "}${key}=${value}`;
  return `${text}${told}`;
};

const handlerSources = ({ runtime, cluster }: Pick<EngineParts, "runtime" | "cluster">): HandlerSources => ({
  findClass: (name) => cluster?.runtimeClasses.get(name),
  traits: runtime.traits,
  traitsKnown: runtime.traitsKnown,
});

const envObjectsOf = (objects: PodObjects | undefined): Pick<ExtrasPort, "envObjects"> =>
  objects === undefined ? {} : { envObjects: (wish, options) => readEnvObjects(objects, wish, options) };

/** What a pod's cgroup is made with. */
const podLimits = (settings: KubeletSettings, pod: Pod): CgroupResources => ({
  ...toResources(computePodCgroupLimits(pod, cpuQuotaFacts(settings))),
  ...(settings.podPidsLimit > 0 && { tasks: settings.podPidsLimit }),
});

/** Creates the engines, in the order in which they need each other. */
export const createEngines = (settings: KubeletSettings, telemetry: Telemetry, parts: EngineParts): Engines => {
  const { clock, logger, metrics } = telemetry;
  const { runtime, events, probes, latency, host, view, cluster, userNamespaces, decisions, timelines, stack } = parts;
  const objects = createObjects(settings, telemetry, { cluster, view, stack });
  const images = createImages<PodSandboxConfig>(
    {
      image: imageService(runtime.cri),
      events,
      credentials: createFileCredentials(listCredentialFiles({ rootDir: settings.rootDir, workingDir: cwd(), homeDir: homedir() }), {
        logger,
      }),
    },
    {
      ...pullBound(settings),
      pullQps: settings.registryPullQps,
      pullBurst: settings.registryBurst,
      describeError: describeImageError,
      ...(latency === undefined ? {} : { onPulling: ({ uid }) => latency.pulling(uid) }),
      clock,
      logger,
      metrics,
    },
  );
  const mounts = createMounts({ rootDir: settings.rootDir, clock });
  const files = createPodFiles({
    rootDir: settings.rootDir,
    podLogsDir: settings.podLogsDir,
    containerLogsDir: containerLogsDir(settings),
    listMountPoints: async (options) => (await mounts.list(options)).map(({ mountPoint }) => mountPoint),
  });
  const volumes = createPodVolumes(settings, telemetry, { cluster, objects, mounts, events, view, stack });
  const cgroups = createCgroups({ clock, metrics });
  const handlers = handlerSources({ runtime, cluster });
  const podSync = createPodSync(
    {
      sandboxes: runtime.cri,
      containers: runtime.cri,
      images: imagesForPods(images, { objects, events }),
      observed: { ...runtime.cache, isNew: (uid) => cluster?.newPods.has(uid) === true },
      volumes: volumesForPods(volumes),
      cgroups: podCgroups(cgroups, {
        driver: runtime.cgroupDriver,
        cgroupRoot: settings.cgroupRoot,
        limitsOf: (pod) => podLimits(settings, pod),
      }),
      resizing: runtime.cri,
      probes,
      events,
      hooks: { httpGet: sendHook },
      node: {
        facts: createNodeFacts(settings, { host, view, services: () => toServiceEnv(cluster?.services.list() ?? []) }),
        hostsFile: readHostsFile,
        networkProblem: () => networkProblemOf(runtime.status.current()),
        runtimeHandler: runtimeHandlerOf(handlers),
      },
      files,
      extras: { ...envObjectsOf(objects), envFile: readEnvFile, userNamespaces },
    },
    {
      podLogsDir: settings.podLogsDir,
      crashBackoff: crashBackoffUpTo(settings.crashLoopBackOffMaxMs),
      clock,
      logger: logger.child({ part: "pod-sync" }),
      metrics,
      onDecision: (uid, text, fields) => decisions.emit({ uid, text: describeDecision(text, fields) }),
      onStep: (uid, step) => timelines.mark(uid, step),
    },
  );
  return { podSync, images, files, volumes, objects, findHandler: (pod) => findRuntimeHandler(handlers, pod) };
};
