import { describe, expect, it } from "vitest";
import { checkCapabilityArgs } from "./capability-args.ts";

describe("capability arguments", () => {
  it("pass when they are what the conventions say, and unknown ones always", () =>
    expect(() =>
      checkCapabilityArgs({
        portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp", hostIP: "::1" }],
        bandwidth: { ingressRate: 1_000_000, ingressBurst: 1_000 },
        ipRanges: [[{ subnet: "10.1.0.0/16", rangeStart: "10.1.0.3" }], [{ subnet: "2001:db8::/64" }]],
        mac: "c2:11:22:33:44:55",
        ips: ["10.1.0.5", "2001:db8::5/64"],
        infinibandGUID: "c2:11:22:33:44:55:66:77",
        deviceID: "0000:04:00.5",
        aliases: ["db"],
        dns: { servers: ["10.0.0.10"], searches: ["corp"], options: [] },
        cgroupPath: "/kubepods/pod1",
        "vendor.example/x": { anything: [null] },
        constructor: "no capability of ours",
      }),
    ).not.toThrow());

  it.each([
    ["portMappings", {}, /portMappings must be a list/],
    ["portMappings", [{ hostPort: 8080 }], /portMappings\[0\] lacks containerPort/],
    ["portMappings", [{ hostPort: 70_000, containerPort: 80 }], /portMappings\[0\]\.hostPort must be a whole number from 1 to 65535/],
    ["portMappings", [{ hostPort: 1, containerPort: 80, protocol: "icmp" }], /protocol must be tcp, udp or sctp/],
    ["bandwidth", { ingressRate: -1 }, /bandwidth\.ingressRate/],
    ["bandwidth", [], /bandwidth must be an object/],
    ["ipRanges", [{ subnet: "10.1.0.0/16" }], /ipRanges\[0\] must be a list/],
    ["ipRanges", [[{ subnet: "10.1.0.0" }]], /subnet must be a subnet/],
    ["mac", "c2-11-22-33-44-55", /mac must be 6 bytes/],
    ["ips", ["10.1.0.5/33"], /ips\[0\] must be an address/],
    ["infinibandGUID", "c2:11:22:33:44:55", /infinibandGUID must be 8 bytes/],
    ["deviceID", "", /deviceID must be a text that is not empty/],
    ["aliases", [""], /aliases\[0\]/],
    ["dns", { servers: ["dns.example"] }, /dns\.servers\[0\] must be an address/],
  ])("named %s are refused when they are %j", (name, value, message) =>
    expect(() => checkCapabilityArgs({ [name]: value })).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: expect.stringMatching(message) as unknown }) as Error,
    ),
  );
});
