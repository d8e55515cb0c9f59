import { isHostNetwork } from "@nk/pod-model";
import type { HostAlias, Pod } from "@nk/pod-model";
import { computePodHostname } from "./hostname.ts";

/** Where a pod's hosts file is mounted. */
export const ETC_HOSTS = "/etc/hosts";

const HEADER = `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
`;
const HOST_NETWORK_HEADER = "# Kubernetes-managed hosts file (host network).\n";

/** What the content of a pod's hosts file depends on. */
export interface HostsFileInput {
  readonly pod: Pod;
  readonly podIps: readonly string[];
  readonly clusterDomain: string;
  /** Content of the node's own /etc/hosts; read only for a pod on the host network. */
  readonly nodeHostsFile: string;
}

const renderAliases = (aliases: readonly HostAlias[]): string => {
  if (aliases.length === 0) return "";
  const lines = aliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join("\t")}\n`);
  return `\n# Entries added by HostAliases.\n${lines.join("")}`;
};

/** The content of a pod's /etc/hosts, byte for byte as the reference writes it (pkg/kubelet/kubelet_pods.go). */
export const renderHostsFile = (input: HostsFileInput): string => {
  const aliases = renderAliases(input.pod.spec?.hostAliases ?? []);
  if (isHostNetwork(input.pod)) return HOST_NETWORK_HEADER + input.nodeHostsFile + aliases;
  const { hostname, domain } = computePodHostname(input.pod, input.clusterDomain);
  const names = domain === "" ? hostname : `${hostname}.${domain}\t${hostname}`;
  return HEADER + input.podIps.map((ip) => `${ip}\t${names}\n`).join("") + aliases;
};

/** Whether a pod's containers get a hosts file: once its IP is known, and always on the host network. */
export const isHostsFileMounted = (pod: Pod, podIps: readonly string[]): boolean => podIps.length > 0 || isHostNetwork(pod);
