import type { Node, NodeSystemInfo } from "@nk/pod-model";

const EMPTY: NodeSystemInfo = {
  architecture: "",
  bootID: "",
  containerRuntimeVersion: "",
  kernelVersion: "",
  kubeProxyVersion: "",
  kubeletVersion: "",
  machineID: "",
  operatingSystem: "",
  osImage: "",
  systemUUID: "",
};

/** The node's `nodeInfo` so far; every text empty when there is none. */
export const nodeInfoOf = (node: Node): NodeSystemInfo => ({ ...EMPTY, ...node.status?.nodeInfo });
