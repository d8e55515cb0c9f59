import type { ResolvConf } from "./resolv-conf.ts";

/** One service that a pod may see in its environment; only services with a cluster IP belong here. */
export interface ServiceEnv {
  readonly name: string;
  readonly namespace: string;
  /** The first of the service's cluster IPs; never empty and never `None`. */
  readonly clusterIp: string;
  /** In the order of the service's spec. `protocol` defaults to `TCP`. */
  readonly ports: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[];
}

/** How containers may use swap (KubeletConfiguration memorySwap.swapBehavior). */
export type SwapBehavior = "NoSwap" | "LimitedSwap";

/**
 * What the configuration of a pod depends on beside the pod: the node, the kubelet's configuration and the services. A plain snapshot;
 * the caller takes a fresh one for each sandbox or container it makes.
 */
export interface NodeFacts {
  readonly nodeName: string;
  /** The node's own addresses, the primary one first; empty while they are unknown, as without an API server. */
  readonly nodeIps: readonly string[];
  readonly memoryCapacityBytes: bigint;
  readonly swapCapacityBytes: bigint;
  /** Huge page sizes of the kernel, in the order in which they are told to the runtime. */
  readonly hugePageSizesBytes: readonly bigint[];
  readonly cgroupVersion: 1 | 2;
  /** Whether cgroups can limit swap: `memory.memsw.limit_in_bytes` (v1) or `memory.swap.max` (v2) exists. */
  readonly swapControllerAvailable: boolean;
  readonly swapBehavior: SwapBehavior;
  /** KubeletConfiguration cpuCFSQuota. */
  readonly cpuCfsQuota: boolean;
  /** KubeletConfiguration cpuCFSQuotaPeriod; upstream's default is 100000. */
  readonly cpuCfsQuotaPeriodMicros: bigint;
  /** KubeletConfiguration singleProcessOOMKill: when false, an OOM kills the whole container (cgroup v2 only). */
  readonly singleProcessOomKill: boolean;
  /** KubeletConfiguration seccompDefault: RuntimeDefault instead of Unconfined for pods that state nothing. */
  readonly seccompDefault: boolean;
  readonly selinuxEnabled: boolean;
  /** `/sys/devices/system/cpu/cpuN/thermal_throttle` for each CPU whose directory exists on the host; masked in containers. */
  readonly maskedThermalPaths: readonly string[];
  /** KubeletConfiguration clusterDomain, e.g. `cluster.local`; may be empty. */
  readonly clusterDomain: string;
  /** KubeletConfiguration clusterDNS; may be empty. */
  readonly clusterDns: readonly string[];
  /** The parsed file that resolvConf names; absent when resolvConf is set to the empty string. */
  readonly hostResolvConf?: ResolvConf;
  /** Node allocatable as quantities by resource name; stands in for limits that a container does not state (resourceFieldRef). */
  readonly allocatable: { readonly [resource: string]: string };
  /** Empty without an API server. */
  readonly services: readonly ServiceEnv[];
  /** Upstream's default is /var/lib/kubelet. */
  readonly kubeletRootDir: string;
}
