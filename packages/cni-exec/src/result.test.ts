import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseResult } from "./result.ts";
import type { CniResult } from "./result.ts";
import { convertResult, formatResult } from "./result-writing.ts";
import { CNI_SPEC_VERSIONS } from "./spec-version.ts";

const FULL = {
  cniVersion: "1.1.0",
  interfaces: [
    { name: "cni0", mac: "00:11:22:33:44:55" },
    { name: "eth0", mac: "99:88:77:66:55:44", mtu: 1400, sandbox: "/run/netns/blue", socketPath: "/run/x.sock", pciID: "0000:04:00.5" },
  ],
  ips: [
    { address: "10.1.0.5/16", gateway: "10.1.0.1", interface: 1 },
    { address: "2001:db8::5/64", interface: 1 },
    { address: "10.1.0.6/16", interface: 1 },
  ],
  routes: [{ dst: "0.0.0.0/0" }, { dst: "2001:db8:1::/48", gw: "2001:db8::1", mtu: 1400, table: 0, scope: 253 }],
  dns: { nameservers: ["10.1.0.1"], search: ["example.com"] },
};

describe("a result", () => {
  it("of 1.1 comes back as it went in", () => expect(formatResult(parseResult(FULL))).toEqual(FULL));

  it("goes down to 0.4 without what 0.4 cannot say, and with the family of each address", () => {
    const old = convertResult(FULL, "0.4.0");
    expect(old).toEqual({
      cniVersion: "0.4.0",
      interfaces: [
        { name: "cni0", mac: "00:11:22:33:44:55", sandbox: undefined },
        { name: "eth0", mac: "99:88:77:66:55:44", sandbox: "/run/netns/blue" },
      ],
      ips: [
        { version: "4", ...FULL.ips[0] },
        { version: "6", ...FULL.ips[1] },
        { version: "4", ...FULL.ips[2] },
      ],
      routes: FULL.routes,
      dns: FULL.dns,
    });
  });

  it("goes down to 0.2 with the first address of each family and the routes of that family", () =>
    expect(JSON.parse(JSON.stringify(convertResult(FULL, "0.2.0")))).toEqual({
      cniVersion: "0.2.0",
      ip4: { ip: "10.1.0.5/16", gateway: "10.1.0.1", routes: [{ dst: "0.0.0.0/0" }] },
      ip6: { ip: "2001:db8::5/64", routes: [{ dst: "2001:db8:1::/48", gw: "2001:db8::1" }] },
      dns: FULL.dns,
    }));

  it("comes up from 0.1, its version left out, with the addresses in one list", () =>
    expect(
      JSON.parse(JSON.stringify(convertResult({ ip4: { ip: "10.1.0.5/16", routes: [{ dst: "0.0.0.0/0", gw: "10.1.0.1" }] } }, "1.0.0"))),
    ).toEqual({
      cniVersion: "1.0.0",
      ips: [{ address: "10.1.0.5/16" }],
      routes: [{ dst: "0.0.0.0/0", gw: "10.1.0.1" }],
    }));

  it("without an address has no form in 0.2", () =>
    expect(() => convertResult({ cniVersion: "1.0.0", interfaces: [{ name: "lo" }] }, "0.2.0")).toThrow(/it has no address/));

  it("of 0.2 without an address stays one, as plugins write it and libcni keeps it", () =>
    expect(JSON.parse(JSON.stringify(convertResult({ cniVersion: "0.2.0" }, "0.2.0")))).toEqual({ cniVersion: "0.2.0", dns: {} }));

  it("has an empty dns in the forms before 1.0 and none from then on, as libcni writes them", () => {
    const empty = parseResult({ cniVersion: "1.0.0", ips: [{ address: "10.1.0.5/16" }] });
    expect(CNI_SPEC_VERSIONS.map((version) => formatResult(empty, version)["dns"])).toEqual([{}, {}, {}, {}, {}, undefined, undefined]);
  });

  it("loses unknown fields, and its addresses come in one form", () => {
    const result = parseResult({
      cniVersion: "1.0.0",
      vendor: 1,
      ips: [{ address: "2001:DB8:0::5/64", gateway: "", extra: true }],
      routes: null,
    });
    expect(result).toEqual({ cniVersion: "1.0.0", interfaces: [], ips: [{ address: "2001:db8::5/64" }], routes: [], dns: {} });
  });

  it.each([
    [{ cniVersion: "1.2.0" }, "incompatible-version", /1\.2\.0.*newer than 1\.1\.0/],
    [{ cniVersion: "0.5.0" }, "incompatible-version", /does not exist/],
    [{ cniVersion: "nonsense" }, "incompatible-version", /does not exist/],
    [{ cniVersion: 1 }, "plugin-output", /cniVersion must be a string, not 1/],
    [[], "plugin-output", /not a JSON object/],
    [null, "plugin-output", /not a JSON object/],
    [{ cniVersion: "1.0.0", ips: "10.1.0.5/16" }, "plugin-output", /ips must be a list/],
    [{ cniVersion: "1.0.0", ips: [{ address: "10.1.0.5" }] }, "plugin-output", /ips\[0\]\.address must be an address with a prefix/],
    [{ cniVersion: "1.0.0", ips: [null] }, "plugin-output", /ips\[0\] must be an object/],
    [
      { cniVersion: "1.0.0", interfaces: [{ name: "a" }, { name: "b", mtu: 1.5 }] },
      "plugin-output",
      /interfaces\[1\]\.mtu must be a whole number/,
    ],
    [{ cniVersion: "0.2.0", ip4: [] }, "plugin-output", /ip4 must be an object/],
    [{ cniVersion: "1.0.0", dns: { nameservers: [1] } }, "plugin-output", /dns\.nameservers\[0\] must be a string/],
  ])("that is %j is refused as %s", (json, code, message) => {
    expect(() => parseResult(json)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) as unknown }) as Error);
  });

  it("survives the way down to any version and back as far as that version can say it", () => {
    const cidr = fc.oneof(
      fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([ip, bits]) => `${ip}/${bits}`),
      fc
        .tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }))
        .filter(([ip]) => !/^(::|0:0:0:0:0:)ffff/i.test(ip))
        .map(([ip, bits]) => `${ip}/${bits}`),
    );
    const result = fc.record({ ips: fc.array(fc.record({ address: cidr }), { minLength: 1 }), routes: fc.array(fc.record({ dst: cidr })) });
    fc.assert(
      fc.property(result, fc.constantFrom(...CNI_SPEC_VERSIONS), (json, version) => {
        const start: CniResult = parseResult({ cniVersion: "1.1.0", ...json });
        const there = formatResult(start, version);
        const back = parseResult(there);
        expect(formatResult(back)).toEqual(there);
        if (version >= "0.3.0") expect(formatResult(back, "1.1.0")).toEqual(formatResult(start));
        else expect(start.ips).toContainEqual(back.ips[0]);
      }),
    );
  });
});
