import { describe, expect, it } from "vitest";
import { setterInput } from "../../test/setter-input.ts";
import type { NetworkFacts } from "../facts.ts";
import type { NodeSettings } from "../settings.ts";
import { FAKE_NETWORK } from "../testing/index.ts";
import { needsLookup, setAddresses } from "./addresses.ts";

const ANNOTATION = "alpha.kubernetes.io/provided-node-ip";
const hostname = (address = "node-1") => ({ type: "Hostname", address });
const ip = (address: string) => ({ type: "InternalIP", address });

const run = (
  settings: Partial<NodeSettings> = {},
  network: Partial<NetworkFacts> = {},
  addresses?: readonly { type: string; address: string }[],
) =>
  setAddresses(
    setterInput({
      settings,
      network: { ...FAKE_NETWORK, ...network },
      node: addresses === undefined ? {} : { status: { addresses } },
    }),
  );

describe("setAddresses", () => {
  it.each([
    ["the stated IP", { nodeIps: ["192.0.2.7"] }, {}, [ip("192.0.2.7"), hostname()]],
    ["both stated IPs", { nodeIps: ["2001:db8::7", "192.0.2.7"] }, {}, [ip("2001:db8::7"), ip("192.0.2.7"), hostname()]],
    ["a stated IP in another spelling", { nodeIps: ["2001:0DB8:0::0007"] }, {}, [ip("2001:db8::7"), hostname()]],
    ["a hostname that is an IP", { hostname: "198.51.100.3" }, {}, [ip("198.51.100.3"), hostname("198.51.100.3")]],
    ["what DNS says", {}, { resolved: ["203.0.113.1", "2001:db8::7", "192.0.2.7"] }, [ip("192.0.2.7"), hostname()]],
    ["what DNS says, of the other family if need be", {}, { resolved: ["2001:db8::7"] }, [ip("2001:db8::7"), hostname()]],
    [
      "what DNS says, of the chosen family",
      { nodeIps: ["::"] },
      { resolved: ["192.0.2.7", "2001:db8::7"] },
      [ip("2001:db8::7"), hostname()],
    ],
    [
      "the default route's address when DNS knows only others",
      {},
      { resolved: ["127.0.0.1", "203.0.113.1"] },
      [ip("192.0.2.7"), hostname()],
    ],
    ["the default route's address of the chosen family", { nodeIps: ["::"] }, {}, [ip("2001:db8::7"), hostname()]],
    [
      "the default route's address of the only family",
      {},
      { defaultRoutes: { ipv4: [], ipv6: ["eth0"] } },
      [ip("2001:db8::7"), hostname()],
    ],
    [
      "a loopback's address where the route's interface has link-local ones only",
      {},
      {
        interfaces: [
          { name: "lo", isLoopback: true, addresses: ["127.0.0.1", "192.0.2.99"] },
          { name: "eth0", isLoopback: false, addresses: ["169.254.3.4", "fe80::1"] },
        ],
      },
      [ip("192.0.2.99"), hostname()],
    ],
    ["any interface's address without a routing table", {}, { defaultRoutes: undefined }, [ip("192.0.2.7"), hostname()]],
    ["the hostname alone for a cloud controller to fill", { externalCloudProvider: true }, {}, [hostname()]],
  ] as const)("shows %s", (_what, settings, network, expected) => {
    const { status, problem } = run(settings, network);
    expect(problem).toBeUndefined();
    expect(status?.addresses).toEqual(expected);
  });

  it.each([
    [["192.0.2.8"], 'failed to validate nodeIP: node IP: "192.0.2.8" not found in the host\'s network interfaces'],
    [["127.0.0.1"], "failed to validate nodeIP: nodeIP can't be loopback address"],
    [["224.0.0.1"], "failed to validate nodeIP: nodeIP can't be a multicast address"],
    [["fe80::1"], "failed to validate nodeIP: nodeIP can't be a link-local unicast address"],
    [
      ["192.0.2.7", "2001:db8::8"],
      'failed to validate secondaryNodeIP: node IP: "2001:db8::8" not found in the host\'s network interfaces',
    ],
  ])("refuses %j", (nodeIps, problem) => {
    expect(run({ nodeIps })).toEqual({ problem });
  });

  it("says so when there is no address at all, and leaves those that are there", () => {
    const output = run({}, { interfaces: [], defaultRoutes: { ipv4: ["eth0"], ipv6: [] } });
    expect(output).toMatchObject({ problem: "can't get ip address of node node-1" });
    expect(output.status).toBeUndefined();
  });

  it("keeps the cloud controller's addresses and tells it which IP was asked for", () => {
    const output = run({ externalCloudProvider: true, nodeIps: ["192.0.2.7", "2001:db8::7"] }, {}, [ip("203.0.113.50")]);
    expect(output).toEqual({ annotations: { [ANNOTATION]: "192.0.2.7,2001:db8::7" } });
  });

  it("starts a cloud node off with the default route's address when only a family was chosen", () => {
    const output = run({ externalCloudProvider: true, nodeIps: ["0.0.0.0"] });
    expect(output).toEqual({ annotations: { [ANNOTATION]: undefined }, status: { addresses: [ip("192.0.2.7"), hostname()] } });
  });

  it("takes the annotation away where there is no cloud provider", () => {
    expect(run({ nodeIps: ["192.0.2.7"] }).annotations).toEqual({ [ANNOTATION]: undefined });
  });
});

describe("needsLookup", () => {
  it.each([
    [{}, true],
    [{ nodeIps: ["0.0.0.0"] }, true],
    [{ nodeIps: ["192.0.2.7"] }, false],
    [{ hostname: "192.0.2.7" }, false],
    [{ externalCloudProvider: true }, false],
  ])("of %j is %s", (settings, expected) => {
    expect(needsLookup(setterInput({ settings }).settings)).toBe(expected);
  });
});
