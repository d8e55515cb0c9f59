import { isFeatureEnabled, KUBERNETES_VERSION } from "@nk/kubelet-config";
import type { KubeletSettings } from "@nk/kubelet-config";
import { createNetworkFacts, createNodeStatus, readMachineFacts } from "@nk/node-status";
import type { NodeStatus } from "@nk/node-status";
import { leaseApi, nodeApi } from "../adapters/node-api.ts";
import { createNodeStatusFacts } from "../adapters/node-status-facts.ts";
import type { NodeStatusFacts } from "../adapters/node-status-facts.ts";
import { createPodStartLatency, createPodStartMetrics, createStatusWriter, createStatusWriterMetrics } from "@nk/pod-status";
import type { PodStartLatency, StatusWriter } from "@nk/pod-status";
import { podStatusApi } from "../adapters/pod-api.ts";
import { clusterTasks, openCluster } from "./cluster.ts";
import type { Cluster } from "./cluster.ts";
import type { Runtime } from "./runtime.ts";
import type { Telemetry } from "./telemetry.ts";

/** What makes this node one of a cluster's. */
export interface Membership {
  readonly cluster: Cluster;
  readonly node: NodeStatus;
  readonly writer: StatusWriter;
  readonly latency: PodStartLatency;
  readonly tasks: { readonly [name: string]: (signal: AbortSignal) => Promise<void> };
}

/** Features that an API server asks a node for before it lets a pod use them; each is built, and on unless its gate is turned off. */
const DECLARED_FEATURES = [
  "InPlacePodLevelResourcesVerticalScaling",
  "InPlacePodVerticalScalingInitContainers",
  "RestartAllContainersOnContainerExits",
];

const declaredFeatures = ({ featureGates }: KubeletSettings): { readonly declaredFeatures?: readonly string[] } =>
  isFeatureEnabled("NodeDeclaredFeatures", featureGates)
    ? { declaredFeatures: DECLARED_FEATURES.filter((name) => isFeatureEnabled(name, featureGates)) }
    : {};

const nodeSettings = (settings: KubeletSettings): Parameters<typeof createNodeStatus>[1]["settings"] => {
  const { node, server } = settings;
  return {
    nodeName: settings.nodeName,
    kubeletVersion: KUBERNETES_VERSION,
    port: server.port,
    nodeIps: node.requestedIps,
    externalCloudProvider: node.hasExternalCloudProvider,
    labels: node.labels,
    taints: node.taints,
    providerId: node.providerId,
    controllerAttachDetach: node.enableControllerAttachDetach,
    maxPods: node.maxPods,
    podsPerCore: node.podsPerCore,
    maxImages: node.maxImages,
    systemReserved: node.systemReserved,
    kubeReserved: node.kubeReserved,
    evictionHard: node.evictionHard,
    ...declaredFeatures(settings),
  };
};

interface NodeParts {
  readonly cluster: Cluster;
  readonly runtime: Runtime;
}

const gatherFacts = async (settings: KubeletSettings, telemetry: Telemetry, runtime: Runtime): Promise<NodeStatusFacts> => {
  const machine = await readMachineFacts({ root: "/", diskPath: settings.rootDir });
  return createNodeStatusFacts({
    machine: () => machine,
    runtimeName: runtime.name,
    runtimeVersion: runtime.version,
    runtimeStatus: runtime.status,
    traits: runtime.traits,
    healthProblems: () => {
      const problem = runtime.pleg.health.problem();
      return problem === undefined ? [] : [`PLEG is not healthy: ${problem}`];
    },
    cri: runtime.cri,
    clock: telemetry.clock,
    logger: telemetry.logger.child({ part: "node" }),
  });
};

const createNode = (
  settings: KubeletSettings,
  telemetry: Telemetry,
  parts: NodeParts & { readonly facts: NodeStatusFacts },
): NodeStatus => {
  const { cluster, runtime, facts } = parts;
  const { clock, metrics } = telemetry;
  const logger = telemetry.logger.child({ part: "node" });
  return createNodeStatus(
    {
      node: nodeApi(cluster.client),
      lease: leaseApi(cluster.client),
      facts,
      network: createNetworkFacts({ nodeName: settings.nodeName, clock, logger }),
      events: cluster.recorder,
      listener: {
        onPodCidr: async (podCidr, options) => {
          await runtime.cri.updateRuntimeConfig({ runtimeConfig: { networkConfig: { podCidr } } }, options);
        },
      },
    },
    {
      settings: nodeSettings(settings),
      registerNode: settings.node.register,
      statusUpdateMs: settings.node.statusUpdateMs,
      statusReportMs: settings.node.statusReportMs,
      leaseDurationSeconds: settings.node.leaseDurationSeconds,
      clock,
      logger,
      metrics,
    },
  );
};

/** Joins the cluster that the settings name; undefined in standalone mode. Nothing is sent before the tasks run. */
export const joinCluster = async (
  settings: KubeletSettings,
  telemetry: Telemetry,
  { runtime, stack }: { readonly runtime: Runtime; readonly stack: AsyncDisposableStack },
): Promise<Membership | undefined> => {
  const cluster = await openCluster(settings, telemetry);
  if (cluster === undefined) return undefined;
  stack.use(cluster.client);
  const { clock, logger, metrics } = telemetry;
  const facts = await gatherFacts(settings, telemetry, runtime);
  const node = createNode(settings, telemetry, { cluster, runtime, facts });
  stack.use(cluster.nodes.subscribe(() => node.onNodeObserved(cluster.nodes.get(settings.nodeName))));
  const latency = createPodStartLatency(createPodStartMetrics(metrics), { clock });
  const writer = createStatusWriter(
    { api: podStatusApi(cluster.client) },
    {
      onWritten: (pod) => latency.written(pod),
      clock,
      logger: logger.child({ part: "status-writer" }),
      metrics: createStatusWriterMetrics(metrics),
    },
  );
  return {
    cluster,
    node,
    writer,
    latency,
    tasks: {
      ...clusterTasks(cluster),
      nodeFacts: (signal) => facts.run(signal),
      nodeStatus: (signal) => node.run(signal),
      statusWriter: (signal) => writer.run(signal),
    },
  };
};
