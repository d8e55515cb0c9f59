import { createEventRecorder } from "@nk/event-recorder";
import type { EventRecorder } from "@nk/event-recorder";
import { createKubeClient, kinds, loadKubeconfig } from "@nk/kube-client";
import type { KubeClient } from "@nk/kube-client";
import { KUBERNETES_VERSION } from "@nk/kubelet-config";
import type { KubeletSettings } from "@nk/kubelet-config";
import type { Node, PodUid, RuntimeClass, Service } from "@nk/pod-model";
import { env } from "node:process";
import type { PodVersions } from "../adapters/event-log.ts";
import { eventSink } from "../adapters/event-sink.ts";
import { createWatchedObjects } from "../adapters/watched-objects.ts";
import type { WatchedObjects } from "../adapters/watched-objects.ts";
import type { Telemetry } from "./telemetry.ts";

/** The API server: how to talk to it, and what of it is watched for the whole node. */
export interface Cluster {
  readonly client: KubeClient;
  /** The node's own object. */
  readonly nodes: WatchedObjects<Node>;
  readonly services: WatchedObjects<Service>;
  readonly runtimeClasses: WatchedObjects<RuntimeClass>;
  readonly recorder: EventRecorder;
  readonly podVersions: PodVersions;
  /** Pods that the API has had only since this kubelet watches it: no kubelet before it can have started them. */
  readonly newPods: Set<PodUid>;
}

/** 0 is Go's way of saying the default. */
const DEFAULT_QPS = 50;

/** Below 0 there is no limit; for events that is what 0 says, too. */
const eventLimit = ({ eventQps, eventBurst }: KubeletSettings["api"]): { readonly qps: number; readonly burst: number } => ({
  qps: eventQps === 0 ? -1 : eventQps,
  burst: eventBurst,
});

const textEnvironment = (): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

/** Reads the kubeconfig and prepares to talk; undefined in standalone mode. Nothing is sent before the tasks run. */
export const openCluster = async (settings: KubeletSettings, telemetry: Telemetry): Promise<Cluster | undefined> => {
  if (settings.kubeconfig === "") return undefined;
  const { clock, logger, metrics } = telemetry;
  const access = (await loadKubeconfig(settings.kubeconfig)).access();
  const client = createKubeClient({
    access,
    userAgent: `kubelet/${KUBERNETES_VERSION} (linux/${process.arch === "x64" ? "amd64" : process.arch}) nk`,
    rateLimit: { qps: settings.api.qps === 0 ? DEFAULT_QPS : settings.api.qps, burst: settings.api.burst },
    eventRateLimit: eventLimit(settings.api),
    environment: textEnvironment(),
    clock,
    logger: logger.child({ part: "kube-client" }),
    metrics,
  });
  logger.info("Kubernetes API server", { server: client.server });
  return {
    client,
    nodes: createWatchedObjects(({ signal }) =>
      client.watch(kinds.nodes, { fieldSelector: `metadata.name=${settings.nodeName}` }, { signal }),
    ),
    services: createWatchedObjects(({ signal }) => client.watch(kinds.services, { fieldSelector: "spec.clusterIP!=None" }, { signal })),
    runtimeClasses: createWatchedObjects(({ signal }) => client.watch(kinds.runtimeClasses, {}, { signal })),
    recorder: createEventRecorder(
      { sink: eventSink(client) },
      { component: "kubelet", host: settings.nodeName, clock, logger: logger.child({ part: "events" }), metrics },
    ),
    podVersions: new Map(),
    newPods: new Set(),
  };
};

/** What has to run for the cluster, by name. */
export const clusterTasks = ({
  nodes,
  services,
  runtimeClasses,
  recorder,
}: Cluster): { readonly [name: string]: (signal: AbortSignal) => Promise<void> } => ({
  nodeWatch: (signal) => nodes.run(signal),
  serviceWatch: (signal) => services.run(signal),
  runtimeClassWatch: (signal) => runtimeClasses.run(signal),
  events: (signal) => recorder.run(signal),
});
