import { networkInterfaces } from "node:os";
import type { KubeletSettings } from "@nk/kubelet-config";
import { parseResolvConf } from "@nk/pod-sync";
import type { NodeFacts } from "@nk/pod-sync";
import type { HostFacts } from "./host.ts";
import type { NodeView } from "./node-view.ts";
import { readLimited } from "./resolv-conf.ts";

/** The address that host-network pods of this node are probed at when the configuration names none. */
export const primaryHostIp = (): string => {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ internal, family }) => !internal && family === "IPv4")?.address ?? "127.0.0.1";
};

const readResolvConf = async (path: string): Promise<Pick<NodeFacts, "hostResolvConf">> =>
  path === "" ? {} : { hostResolvConf: parseResolvConf(await readLimited(path)) };

/** What host-network pods see as their hosts file. */
export const readHostsFile = (): Promise<string> => readLimited("/etc/hosts");

/** What the facts are gathered from beside the settings. */
export interface NodeFactSources {
  readonly host: HostFacts;
  readonly view: NodeView;
  readonly services: () => NodeFacts["services"];
}

/** The facts pod-sync asks for, from the settings and the machine. The host's resolv.conf is read anew each time: it may change. */
export const createNodeFacts =
  (settings: KubeletSettings, { host, view, services }: NodeFactSources): (() => Promise<NodeFacts>) =>
  async () => ({
    nodeName: settings.nodeName,
    nodeIps: view.ips(),
    memoryCapacityBytes: host.memoryCapacityBytes,
    swapCapacityBytes: host.swapCapacityBytes,
    hugePageSizesBytes: host.hugePageSizesBytes,
    cgroupVersion: host.cgroupVersion,
    swapControllerAvailable: host.swapControllerAvailable,
    swapBehavior: "NoSwap",
    cpuCfsQuota: settings.cpuCfsQuota,
    cpuCfsQuotaPeriodMicros: BigInt(Math.round(settings.cpuCfsQuotaPeriodMs * 1000)),
    singleProcessOomKill: host.cgroupVersion === 1,
    seccompDefault: settings.seccompDefault,
    selinuxEnabled: host.selinuxEnabled,
    maskedThermalPaths: host.maskedThermalPaths,
    clusterDomain: settings.clusterDomain,
    clusterDns: settings.clusterDns,
    ...(await readResolvConf(settings.resolvConf)),
    allocatable: view.allocatable(),
    services: services(),
    kubeletRootDir: settings.rootDir,
  });
