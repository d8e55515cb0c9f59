import type { Pod, PodSpec } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { computePodHostname, computeSandboxHostname } from "./hostname.ts";
import { renderHostsFile } from "./hosts-file.ts";

const podWith = (spec: Partial<PodSpec>, name = "web"): Pod => ({ metadata: { name, namespace: "ns" }, spec: { containers: [], ...spec } });
const long = "a".repeat(62);

describe("host name", () => {
  it.each<[string, Pod, string, string]>([
    ["is the pod's name", podWith({}), "web", ""],
    ["is the spec's", podWith({ hostname: "db-0" }), "db-0", ""],
    ["has the subdomain's domain", podWith({ hostname: "db-0", subdomain: "db" }), "db-0", "db.ns.svc.cluster.local"],
    ["is cut to 63 characters without a dangling separator", podWith({}, `${long}.-x`), long, ""],
    ["is overridden, and has no domain then", podWith({ hostnameOverride: "a.b.example", subdomain: "db" }), "a.b.example", ""],
  ])("%s", (_what, pod, hostname, domain) => {
    expect(computePodHostname(pod, "cluster.local")).toEqual({ hostname, domain });
  });

  it.each<[string, Partial<PodSpec>, string]>([
    ["host name", { hostname: "A_b" }, 'pod Hostname "A_b" is not a valid DNS label: a lowercase RFC 1123 label must consist of'],
    ["subdomain", { subdomain: "a.b" }, 'pod Subdomain "a.b" is not a valid DNS label: must not contain dots'],
    ["long host name", { hostname: "a".repeat(64) }, "is not a valid DNS label: must be no more than 63 bytes"],
    [
      "override",
      { hostnameOverride: "a..b" },
      'pod HostnameOverride "a..b" is not a valid DNS subdomain: a lowercase RFC 1123 subdomain must',
    ],
  ])("refuses a bad %s", (_what, spec, message) => {
    expect(() => computePodHostname(podWith(spec), "cluster.local")).toThrow(message);
  });

  it.each<[string, Partial<PodSpec>, string]>([
    ["the short one", { subdomain: "db" }, "web"],
    ["the full one when asked for", { subdomain: "db", setHostnameAsFQDN: true }, "web.db.ns.svc.cluster.local"],
    ["the short one when there is no domain", { setHostnameAsFQDN: true }, "web"],
    ["none on the host network", { hostNetwork: true }, ""],
  ])("of the sandbox is %s", (_what, spec, hostname) => {
    expect(computeSandboxHostname(podWith(spec), "cluster.local")).toBe(hostname);
  });

  it("refuses a full name that the kernel cannot hold", () => {
    expect(() =>
      computeSandboxHostname(podWith({ hostname: "h".repeat(42), subdomain: "db", setHostnameAsFQDN: true }, "x"), "cluster.local"),
    ).toThrow(
      /^failed to construct FQDN from pod hostname and cluster domain, FQDN h+\.db\.ns\.svc\.cluster\.local is too long \(64 characters is the max, 66 characters requested\)$/u,
    );
  });
});

describe("hosts file", () => {
  const render = (spec: Partial<PodSpec>, podIps: readonly string[] = ["10.0.0.1", "fd00::1"]): string =>
    renderHostsFile({ pod: podWith(spec), podIps, clusterDomain: "cluster.local", nodeHostsFile: "192.0.2.7 node\n" });

  it("names the pod at each of its addresses", () => {
    expect(render({}).split("\n").slice(7)).toEqual(["10.0.0.1\tweb", "fd00::1\tweb", ""]);
  });

  it("ends with the aliases", () => {
    const hostAliases = [{ ip: "1.2.3.4", hostnames: ["a", "b"] }, { ip: "1.2.3.5" }];
    expect(render({ hostAliases }, []).split("\n").slice(7)).toEqual([
      "",
      "# Entries added by HostAliases.",
      "1.2.3.4\ta\tb",
      "1.2.3.5\t",
      "",
    ]);
  });

  it("is the node's on the host network", () => {
    expect(render({ hostNetwork: true, hostAliases: [{ ip: "1.2.3.4", hostnames: ["a"] }] })).toBe(
      "# Kubernetes-managed hosts file (host network).\n192.0.2.7 node\n\n# Entries added by HostAliases.\n1.2.3.4\ta\n",
    );
  });
});
