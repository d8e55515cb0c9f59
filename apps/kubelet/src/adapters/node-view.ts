import type { KubeletSettings } from "@nk/kubelet-config";
import type { Node, NodeFeatures } from "@nk/pod-model";
import type { HostFacts } from "./host.ts";

/** The node as the API shows it; without one, as it would be registered. */
export interface NodeView {
  node(): Node;
  /** Addresses of the node, the primary one first; empty while they are unknown. */
  ips(): readonly string[];
  /** Quantities by resource name. */
  allocatable(): { readonly [resource: string]: string };
}

const standaloneNode = (settings: KubeletSettings, host: HostFacts, features: NodeFeatures | undefined): Node => ({
  metadata: {
    name: settings.nodeName,
    labels: { "kubernetes.io/hostname": settings.nodeName, "kubernetes.io/os": "linux", ...settings.node.labels },
  },
  spec: {},
  status: {
    allocatable: {
      cpu: String(host.cpus),
      memory: String(host.memoryCapacityBytes),
      "ephemeral-storage": String(host.diskBytes),
      pods: String(settings.node.maxPods),
    },
    ...(features === undefined ? {} : { features }),
  },
});

const addressesOf = (node: Node): readonly string[] => {
  const addresses = node.status?.addresses ?? [];
  const internal = addresses.filter(({ type }) => type === "InternalIP");
  return (internal.length > 0 ? internal : addresses.filter(({ type }) => type === "ExternalIP")).map(({ address }) => address);
};

/** What a node is seen from beside the settings. */
export interface NodeViewSources {
  readonly host: HostFacts;
  /** The node of the API, as soon as there is one. */
  readonly shown: () => Node | undefined;
  /** What the runtime can do, as soon as it has said so. */
  readonly features: () => NodeFeatures | undefined;
}

/** The node, from the API or from this machine. */
export const createNodeView = (settings: KubeletSettings, { host, shown, features }: NodeViewSources): NodeView => {
  const node = (): Node => {
    const known = shown();
    return known?.status?.allocatable === undefined ? standaloneNode(settings, host, features()) : known;
  };
  return {
    node,
    ips: () => {
      const found = addressesOf(node());
      return found.length > 0 ? found : settings.nodeIps;
    },
    allocatable: () => node().status?.allocatable ?? {},
  };
};
