import { KUBERNETES_VERSION } from "@nk/kubelet-config";
import type { KubeletSettings } from "@nk/kubelet-config";
import { createNetworkFacts, createNodeStatus, readMachineFacts } from "@nk/node-status";
import type { NodeStatus } from "@nk/node-status";
import { leaseApi, nodeApi } from "../adapters/node-api.ts";
import { createNodeStatusFacts } from "../adapters/node-status-facts.ts";
import type { Cluster } from "./cluster.ts";
import type { Runtime } from "./runtime.ts";
import type { Telemetry } from "./telemetry.ts";

/** The node's own object in the cluster. */
export interface ClusterNode {
  readonly status: NodeStatus;
  readonly tasks: { readonly [name: string]: (signal: AbortSignal) => Promise<void> };
}

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
  };
};

/** Creates what registers the node and tells its status; nothing is sent before the tasks run. */
export const createClusterNode = async (
  settings: KubeletSettings,
  telemetry: Telemetry,
  parts: { readonly cluster: Cluster; readonly runtime: Runtime; readonly stack: AsyncDisposableStack },
): Promise<ClusterNode> => {
  const { cluster, runtime, stack } = parts;
  const { clock, logger, metrics } = telemetry;
  const log = logger.child({ part: "node" });
  const machine = await readMachineFacts({ root: "/", diskPath: settings.rootDir });
  const facts = createNodeStatusFacts({
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
    clock,
    logger: log,
  });
  const status = createNodeStatus(
    {
      node: nodeApi(cluster.client),
      lease: leaseApi(cluster.client),
      facts,
      network: createNetworkFacts({ nodeName: settings.nodeName, clock, logger: log }),
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
      logger: log,
      metrics,
    },
  );
  stack.use(cluster.nodes.subscribe(() => status.onNodeObserved(cluster.nodes.get(settings.nodeName))));
  return { status, tasks: { nodeFacts: (signal) => facts.run(signal), nodeStatus: (signal) => status.run(signal) } };
};
