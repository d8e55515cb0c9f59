import type { Pod, PodSpec } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { computePodDns } from "./dns.ts";
import type { DnsFacts } from "./dns.ts";
import { DNS_LIMITS, findResolvConfProblem, parseResolvConf } from "./resolv-conf.ts";

const facts: DnsFacts = {
  clusterDns: ["10.96.0.10"],
  clusterDomain: "cluster.local",
  hostResolvConf: { nameservers: ["192.0.2.1"], searches: ["corp.example", "cluster.local"], options: ["rotate"] },
  nodeIps: ["192.0.2.7"],
};
const podWith = (spec: Partial<PodSpec>): Pod => ({
  metadata: { name: "web", namespace: "ns", uid: "u-1" },
  spec: { containers: [], ...spec },
});
const CLUSTER = {
  servers: ["10.96.0.10"],
  searches: ["ns.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"],
  options: ["ndots:5"],
};
const HOST = { servers: ["192.0.2.1"], searches: ["corp.example", "cluster.local"], options: ["rotate"] };

describe("pod DNS", () => {
  it.each<[string, Partial<PodSpec>, object]>([
    ["ClusterFirst", { dnsPolicy: "ClusterFirst" }, CLUSTER],
    ["an unknown policy", { dnsPolicy: "Magic" }, CLUSTER],
    ["ClusterFirst on the host network", { dnsPolicy: "ClusterFirst", hostNetwork: true }, HOST],
    ["ClusterFirstWithHostNet", { dnsPolicy: "ClusterFirstWithHostNet", hostNetwork: true }, CLUSTER],
    ["Default", { dnsPolicy: "Default" }, HOST],
    ["None", { dnsPolicy: "None" }, { servers: [], searches: [], options: [] }],
  ])("follows the policy: %s", (_policy, spec, config) => {
    expect(computePodDns(podWith(spec), facts)).toEqual({ config, problems: [] });
  });

  it("appends the pod's own servers and searches once each, and its options win by name", () => {
    const dnsConfig = {
      nameservers: ["192.0.2.53", "10.96.0.10"],
      searches: ["own.example", "corp.example"],
      options: [{ name: "ndots", value: "1" }, { name: "edns0" }, {}],
    };
    expect(computePodDns(podWith({ dnsPolicy: "ClusterFirst", dnsConfig }), facts).config).toEqual({
      servers: ["10.96.0.10", "192.0.2.53"],
      searches: [...CLUSTER.searches, "own.example"],
      options: ["ndots:1", "edns0", ""],
    });
  });

  it("falls back to the host's resolver without a cluster DNS, and says so on the pod and the node", () => {
    const { config, problems } = computePodDns(podWith({ dnsPolicy: "ClusterFirst" }), { ...facts, clusterDns: [] });
    const text =
      'kubelet does not have ClusterDNS IP configured and cannot create Pod using "ClusterFirst" policy. Falling back to "Default" policy.';
    expect(config).toEqual(HOST);
    expect(problems).toEqual([
      { target: "node", reason: "MissingClusterDNS", message: text },
      { target: "pod", reason: "MissingClusterDNS", message: `pod: "web_ns(u-1)". ${text}` },
    ]);
  });

  it.each<[readonly string[], readonly string[]]>([
    [[], ["127.0.0.1"]],
    [
      ["192.0.2.7", "2001:db8::7"],
      ["127.0.0.1", "::1"],
    ],
  ])("turns lookups off when resolvConf is empty, for node addresses %j", (nodeIps, servers) => {
    const { clusterDns, clusterDomain } = facts;
    const { config } = computePodDns(podWith({ dnsPolicy: "Default" }), { clusterDns, clusterDomain, nodeIps });
    expect(config).toEqual({ servers, searches: ["."], options: [] });
  });

  it("keeps the host's searches when there is no cluster domain", () => {
    const { config } = computePodDns(podWith({ dnsPolicy: "ClusterFirst" }), { ...facts, clusterDomain: "" });
    expect(config.searches).toEqual(HOST.searches);
  });

  it("keeps three nameservers and reports the cut", () => {
    const dnsConfig = { nameservers: ["1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4"] };
    const { config, problems } = computePodDns(podWith({ dnsPolicy: "None", dnsConfig }), facts);
    expect(config.servers).toEqual(["1.1.1.1", "2.2.2.2", "3.3.3.3"]);
    expect(problems).toEqual([
      {
        target: "pod",
        reason: "DNSConfigForming",
        message:
          "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 1.1.1.1 2.2.2.2 3.3.3.3",
      },
    ]);
  });

  it.each<[string, readonly string[], number]>([
    ["by number", Array.from({ length: 40 }, (_, index) => `d${index}`), DNS_LIMITS.searches],
    ["by the length of one", ["ok", "x".repeat(254)], 1],
    ["by the length of the line", Array.from({ length: 10 }, (_, index) => `${index}`.padEnd(250, "x")), 8],
  ])("cuts the searches %s and reports it", (_why, searches, count) => {
    const { config, problems } = computePodDns(podWith({ dnsPolicy: "None", dnsConfig: { searches } }), facts);
    expect(config.searches).toEqual(searches.slice(0, count));
    expect(problems.map(({ reason, message }) => [reason, message])).toEqual([
      [
        "DNSConfigForming",
        `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${searches.slice(0, count).join(" ")}`,
      ],
    ]);
  });
});

describe("resolv.conf", () => {
  it("is read as resolvers read it", () => {
    const content = [
      "# a comment",
      "nameserver 1.1.1.1",
      " nameserver\t2.2.2.2 ignored",
      "nameserver",
      "search first.example",
      "search a.example. . b.example",
      "options ndots:2 rotate",
      "options ndots:3",
      "sortlist 1.2.3.4",
      "",
    ].join("\n");
    expect(parseResolvConf(content)).toEqual({
      nameservers: ["1.1.1.1", "2.2.2.2"],
      searches: ["a.example", "b.example"],
      options: ["ndots:3", "rotate"],
    });
  });
});

describe("the node's own search domains", () => {
  const problemOf = (searches: readonly string[], clusterDomain = ""): string | undefined =>
    findResolvConfProblem({ nameservers: [], searches, options: [] }, { path: "/r", clusterDomain });
  const named = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `d${index}`);

  it.each<[readonly string[], string, string | undefined]>([
    [named(32), "", undefined],
    [named(29), "cluster.local", undefined],
    [named(33), "", "Resolv.conf file '/r' contains search line consisting of more than 32 domains!"],
    [named(30), "cluster.local", "Resolv.conf file '/r' contains search line consisting of more than 29 domains!"],
    [["x".repeat(254)], "", 'Resolv.conf file "/r" contains a search path which length is more than allowed 253 chars!'],
    [
      Array.from({ length: 9 }, () => "x".repeat(250)),
      "",
      "Resolv.conf file '/r' contains search line which length is more than allowed 2048 chars!",
    ],
  ])("%#: are told of when pods cannot have all of them", (searches, clusterDomain, problem) => {
    expect(problemOf(searches, clusterDomain)).toBe(problem);
  });
});
