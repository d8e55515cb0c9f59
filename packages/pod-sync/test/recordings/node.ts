import type { NodeFacts } from "../../src/config/node-facts.ts";

/** The node on which the recordings were made, with `kubernetes` as its only service. */
export const recordedNode: NodeFacts = {
  nodeName: "node-1",
  nodeIps: ["<nodeIP>"],
  memoryCapacityBytes: 24_684_096n * 1024n,
  swapCapacityBytes: 0n,
  hugePageSizesBytes: [2n * 1024n ** 2n, 1024n ** 3n],
  cgroupVersion: 1,
  swapControllerAvailable: true,
  swapBehavior: "NoSwap",
  cpuCfsQuota: true,
  cpuCfsQuotaPeriodMicros: 100_000n,
  singleProcessOomKill: true,
  seccompDefault: false,
  selinuxEnabled: false,
  maskedThermalPaths: [],
  clusterDomain: "cluster.local",
  clusterDns: ["10.96.0.10"],
  hostResolvConf: { nameservers: ["10.255.255.53"], searches: [], options: [] },
  allocatable: { cpu: "2", memory: "24581696Ki", "ephemeral-storage": "267847642337" },
  services: [{ name: "kubernetes", namespace: "default", clusterIp: "10.96.0.1", ports: [{ name: "https", port: 443, protocol: "TCP" }] }],
  kubeletRootDir: "/var/lib/kubelet",
};

/** The same node without an API server: no services, no cluster DNS, no addresses. */
export const standaloneNode: NodeFacts = { ...recordedNode, nodeIps: [], clusterDns: [], services: [] };
