import type { DNSConfig } from "@nk/cri-api";
import { formatPod, isHostNetwork, podRef } from "@nk/pod-model";
import type { Pod, PodDNSConfig } from "@nk/pod-model";
import type { NodeFacts } from "./node-facts.ts";
import { DNS_LIMITS, mergeResolverOptions } from "./resolv-conf.ts";

/** A warning that belongs into an event, on the pod or on the node. */
export interface DnsProblem {
  readonly target: "pod" | "node";
  readonly reason: "MissingClusterDNS" | "DNSConfigForming";
  readonly message: string;
}

/** The resolver settings of a pod, and what had to be left out of them. */
export interface PodDns {
  readonly config: DNSConfig;
  readonly problems: readonly DnsProblem[];
}

/** What the settings depend on beside the pod. */
export type DnsFacts = Pick<NodeFacts, "clusterDns" | "clusterDomain" | "hostResolvConf" | "nodeIps">;

type DnsOrigin = "none" | "cluster" | "host";

const originOf = (pod: Pod): DnsOrigin => {
  switch (pod.spec?.dnsPolicy) {
    case "None":
      return "none";
    case "Default":
      return "host";
    case "ClusterFirst":
      return isHostNetwork(pod) ? "host" : "cluster";
    default:
      // ClusterFirstWithHostNet; an unknown policy is treated like it, as the reference does.
      return "cluster";
  }
};

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)];

const hostConfig = (facts: DnsFacts): DNSConfig => {
  const host = facts.hostResolvConf;
  if (host !== undefined) return { servers: host.nameservers, searches: host.searches, options: host.options };
  // resolvConf "" turns lookups off: the node itself is asked and nothing is searched.
  const loopbacks = facts.nodeIps.map((ip) => (ip.includes(":") ? "::1" : "127.0.0.1"));
  return { servers: loopbacks.length > 0 ? loopbacks : ["127.0.0.1"], searches: ["."], options: [] };
};

const clusterConfig = (namespace: string, facts: DnsFacts): DNSConfig => {
  const { clusterDomain } = facts;
  const hostSearches = facts.hostResolvConf?.searches ?? [];
  const ours = [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  const searches = clusterDomain === "" ? hostSearches : unique([...ours, ...hostSearches]);
  return { servers: facts.clusterDns, searches, options: ["ndots:5"] };
};

const missingClusterDns = (pod: Pod): readonly DnsProblem[] => {
  const reason = "MissingClusterDNS";
  const message =
    'kubelet does not have ClusterDNS IP configured and cannot create Pod using "ClusterFirst" policy. Falling back to "Default" policy.';
  return [
    { target: "node", reason, message },
    { target: "pod", reason, message: `pod: ${JSON.stringify(formatPod(podRef(pod)))}. ${message}` },
  ];
};

const withPodConfig = (config: DNSConfig, own: PodDNSConfig): DNSConfig => ({
  servers: unique([...config.servers, ...(own.nameservers ?? [])]),
  searches: unique([...config.searches, ...(own.searches ?? [])]),
  options: mergeResolverOptions(
    config.options,
    (own.options ?? []).map(({ name = "", value = "" }) => (value === "" ? name : `${name}:${value}`)),
  ),
});

/** Cuts the searches to the limits: first by number, then over-long domains, then by the length of the whole line. */
const fitSearches = (searches: readonly string[]): readonly string[] => {
  const fitting = searches.slice(0, DNS_LIMITS.searches).filter((domain) => domain.length <= DNS_LIMITS.searchDomainChars);
  while (fitting.join(" ").length > DNS_LIMITS.searchLineChars) fitting.pop();
  return fitting;
};

const cutToLimits = (config: DNSConfig): PodDns => {
  const servers = config.servers.slice(0, DNS_LIMITS.nameservers);
  const searches = fitSearches(config.searches);
  const problems: DnsProblem[] = [];
  const report = (message: string): unknown => problems.push({ target: "pod", reason: "DNSConfigForming", message });
  if (servers.length < config.servers.length) {
    report(`Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${servers.join(" ")}`);
  }
  if (searches.length < config.searches.length) {
    report(`Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${searches.join(" ")}`);
  }
  return { config: { servers, searches, options: config.options }, problems };
};

/**
 * The resolver settings of a pod by its dnsPolicy and dnsConfig (pkg/kubelet/network/dns/dns.go, kubelet-facts 8). Options keep the order
 * in which they were stated; the reference's order is random.
 */
export const computePodDns = (pod: Pod, facts: DnsFacts): PodDns => {
  const origin = originOf(pod);
  const problems = origin === "cluster" && facts.clusterDns.length === 0 ? missingClusterDns(pod) : [];
  let config: DNSConfig = { servers: [], searches: [], options: [] };
  if (origin === "cluster" && problems.length === 0) config = clusterConfig(podRef(pod).namespace, facts);
  else if (origin !== "none") config = hostConfig(facts);
  const own = pod.spec?.dnsConfig;
  const cut = cutToLimits(own === undefined ? config : withPodConfig(config, own));
  return { config: cut.config, problems: [...problems, ...cut.problems] };
};
