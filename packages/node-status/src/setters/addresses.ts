import type { NodeAddress } from "@nk/pod-model";
import type { InterfaceFact, NetworkFacts } from "../facts.ts";
import { isGlobalUnicast, isLinkLocal, isLoopback, isMulticast, isUnspecified, parseIp } from "../ip.ts";
import type { Ip } from "../ip.ts";
import type { ResolvedSettings } from "../settings.ts";
import type { Setter, SetterOutput } from "./setter.ts";

/** Tells an external cloud controller which of the machine's addresses was asked for. */
export const PROVIDED_NODE_IP_ANNOTATION = "alpha.kubernetes.io/provided-node-ip";

const NO_NETWORK: NetworkFacts = { interfaces: [], resolved: [] };

const addressesOf = ({ addresses }: InterfaceFact): readonly Ip[] => addresses.flatMap((text) => parseIp(text) ?? []);

/** Why the address can't be the node's; the reference's words (kubelet_node_status.go, validateNodeIP). */
export const findNodeIpProblem = (ip: Ip, interfaces: readonly InterfaceFact[]): string | undefined => {
  if (isLoopback(ip)) return "nodeIP can't be loopback address";
  if (isMulticast(ip)) return "nodeIP can't be a multicast address";
  if (isLinkLocal(ip)) return "nodeIP can't be a link-local unicast address";
  if (isUnspecified(ip)) return "nodeIP can't be an all zeros address";
  if (interfaces.some((one) => addressesOf(one).some(({ text }) => text === ip.text))) return undefined;
  return `node IP: "${ip.text}" not found in the host's network interfaces`;
};

const globalOf = (one: InterfaceFact, family: Ip["family"]): Ip | undefined =>
  addressesOf(one).find((ip) => ip.family === family && isGlobalUnicast(ip));

/**
 * The address of the interface the default route goes through, or one on the loopback interface where that interface has only link-local
 * ones (RFC 5549). Without a routing table: of any interface.
 */
const routeAddress = ({ interfaces, defaultRoutes }: NetworkFacts, families: readonly Ip["family"][]): Ip | undefined => {
  const isThrough = (family: Ip["family"]): readonly InterfaceFact[] => {
    if (defaultRoutes === undefined) return interfaces.filter((one) => !one.isLoopback);
    const names = family === 4 ? defaultRoutes.ipv4 : defaultRoutes.ipv6;
    const routed = names.flatMap((name) => interfaces.find((one) => one.name === name) ?? []);
    return names.length === 0 ? [] : [...routed, ...interfaces.filter((one) => one.isLoopback)];
  };
  for (const family of families) {
    for (const one of isThrough(family)) {
      const ip = globalOf(one, family);
      if (ip !== undefined) return ip;
    }
  }
  return undefined;
};

/** What DNS says, when it is an address of this machine; one of the preferred family if there is one. */
const resolvedAddress = ({ interfaces, resolved }: NetworkFacts, preferred: Ip["family"]): Ip | undefined => {
  const usable = resolved.flatMap((text) => parseIp(text) ?? []).filter((ip) => findNodeIpProblem(ip, interfaces) === undefined);
  return usable.find(({ family }) => family === preferred) ?? usable[0];
};

/** Whether DNS has to be asked for the node's address. */
export const needsLookup = ({ nodeIps: [first], hostname, externalCloudProvider }: ResolvedSettings): boolean => {
  if (first === undefined) return !externalCloudProvider && parseIp(hostname) === undefined;
  return isUnspecified(first) && parseIp(hostname) === undefined;
};

const computePrimary = (settings: ResolvedSettings, network: NetworkFacts): Ip | undefined => {
  const [first] = settings.nodeIps;
  if (first !== undefined && !isUnspecified(first)) return first;
  const preferred = first?.family ?? 4;
  return parseIp(settings.hostname) ?? resolvedAddress(network, preferred) ?? routeAddress(network, preferred === 4 ? [4, 6] : [6, 4]);
};

/** The node IPs that are stated, not just a choice of family. */
const statedIps = ({ nodeIps }: ResolvedSettings): readonly Ip[] => nodeIps.filter((ip) => !isUnspecified(ip));

const annotationOf = (settings: ResolvedSettings): string | undefined => {
  const [first] = settings.nodeIps;
  if (!settings.externalCloudProvider || first === undefined || isUnspecified(first)) return undefined;
  return statedIps(settings)
    .map(({ text }) => text)
    .join(",");
};

/**
 * `status.addresses`: the stated node IPs, else the hostname if it is an IP, else what DNS says about it, else the address of the default
 * route; then the hostname. With an external cloud provider addresses that are there stay. Reference: pkg/kubelet/nodestatus, NodeAddress.
 */
export const setAddresses: Setter = ({ settings, node, network = NO_NETWORK }): SetterOutput => {
  const { hostname, nodeIps, externalCloudProvider, nodeName } = settings;
  const stated = statedIps(settings);
  for (const ip of stated) {
    const problem = findNodeIpProblem(ip, network.interfaces);
    const which = ip === nodeIps[0] ? "nodeIP" : "secondaryNodeIP";
    if (problem !== undefined) return { problem: `failed to validate ${which}: ${problem}` };
  }
  const annotations = { [PROVIDED_NODE_IP_ANNOTATION]: annotationOf(settings) };
  const hostnameAddress: NodeAddress = { type: "Hostname", address: hostname };
  if (externalCloudProvider && (node.status?.addresses ?? []).length > 0) return { annotations };
  if (externalCloudProvider && nodeIps.length === 0) return { annotations, status: { addresses: [hostnameAddress] } };
  const primary = computePrimary(settings, network);
  if (primary === undefined) return { annotations, problem: `can't get ip address of node ${nodeName}` };
  const ips = stated.length === 2 ? stated : [primary];
  return {
    annotations,
    status: { addresses: [...ips.map(({ text }): NodeAddress => ({ type: "InternalIP", address: text })), hostnameAddress] },
  };
};
