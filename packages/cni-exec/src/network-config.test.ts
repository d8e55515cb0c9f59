import { describe, expect, it } from "vitest";
import { parseNetworkConfig, parsePluginConfig, toNetworkConfig, toPluginConfig } from "./network-config.ts";

const parse = (json: object) =>
  parseNetworkConfig(JSON.stringify({ name: "net", plugins: [{ type: "bridge" }], ...json }), { path: "10.conflist" });

describe("a network's configuration", () => {
  it("is read with everything that plugins are to get", () => {
    const network = parse({
      cniVersion: "1.1.0",
      disableCheck: true,
      disableGC: "True",
      plugins: [{ type: "bridge", keyA: [1, { deep: true }], ipam: { type: "host-local" }, capabilities: { ips: true, mac: false } }],
    });
    expect(network).toMatchObject({
      name: "net",
      cniVersion: "1.1.0",
      disableCheck: true,
      disableGC: true,
      loadOnlyInlinedPlugins: false,
      path: "10.conflist",
    });
    expect(network.plugins).toEqual([
      {
        type: "bridge",
        capabilities: ["ips"],
        ipamType: "host-local",
        json: { type: "bridge", keyA: [1, { deep: true }], ipam: { type: "host-local" }, capabilities: { ips: true, mac: false } },
      },
    ]);
  });

  it.each([
    [{}, "0.1.0"],
    [{ cniVersion: "" }, "0.1.0"],
    [{ cniVersion: "0.4.0" }, "0.4.0"],
    [{ cniVersion: "1.9.0" }, "1.9.0"],
    [{ cniVersions: ["0.3.1", "1.0.0", "0.4.0"] }, "1.0.0"],
    [{ cniVersions: ["0.3.1", "1.2.0", "2.0.0"] }, "0.3.1"],
    [{ cniVersion: "1.1.0", cniVersions: ["0.3.1"] }, "1.1.0"],
    [{ cniVersion: "0.4.0", cniVersions: ["2.0.0"] }, "0.4.0"],
  ])("with %j speaks %s", (json, expected) => expect(parse(json).cniVersion).toBe(expected));

  it.each([
    ['{"name": "x", // mine\n"plugins": []}', /comment in line 1/],
    ['{"name": "a", "u": "http://x"\n/* why */ }', /comment in line 2/],
    ["", /it is empty/],
    ["nonsense", /it is not JSON/],
    ["[]", /not a JSON object/],
    ["{}", /name must be a network's name/],
    ['{"name": 7}', /name must be a string, not 7/],
    ['{"name": "../x"}', /name must be a network's name/],
    ['{"name": "x", "plugins": []}', /plugins must be a list of at least one plugin/],
    ['{"name": "x", "plugins": {}}', /plugins must be a list/],
    ['{"name": "x", "plugins": [1]}', /plugins\[0\] must be an object/],
    ['{"name": "x", "plugins": [{}]}', /plugins\[0\]\.type must be the name/],
    [
      '{"name": "x", "plugins": [{"type": "a"}, {"type": "b", "capabilities": {"mac": "yes"}}]}',
      /plugins\[1\]\.capabilities\.mac must be true or false/,
    ],
    ['{"name": "x", "plugins": [{"type": "a", "ipam": []}]}', /plugins\[0\]\.ipam must be an object/],
    ['{"name": "x", "loadOnlyInlinedPlugins": true}', /loadOnlyInlinedPlugins is true, but there are no plugins/],
    ['{"name": "x", "disableCheck": "maybe"}', /disableCheck must be true or false/],
    ['{"name": "x", "cniVersion": "1.x"}', /"1.x" is not a version/],
    ['{"name": "x", "cniVersions": ["1.0.0", 2]}', /cniVersions\[1\] must be a string/],
    ['{"name": "x", "cniVersions": "1.0.0"}', /cniVersions must be a list/],
  ])("that reads %j is refused with the reason", (text, message) => {
    expect(() => parseNetworkConfig(text, { path: "a.conflist" })).toThrow(
      expect.objectContaining({
        code: "invalid-config",
        message: expect.stringMatching(message) as unknown,
        details: { path: "a.conflist" },
      }) as Error,
    );
  });

  it("may leave its plugins to its directory", () => expect(parseNetworkConfig('{"name": "x"}').plugins).toEqual([]));
});

describe("a single plugin's configuration", () => {
  it("becomes a network, whose text libcni would write, and back", () => {
    const plugin = parsePluginConfig('{"type": "bridge", "name": "net", "cniVersion": "0.4.0", "bridge": "b<0>"}');
    const network = toNetworkConfig(plugin);
    expect(network.text).toBe(
      String.raw`{"cniVersion":"0.4.0","name":"net","plugins":[{"bridge":"b\u003c0\u003e","cniVersion":"0.4.0","name":"net","type":"bridge"}]}`,
    );
    expect(network).toMatchObject({ name: "net", cniVersion: "0.4.0" });
    expect(toPluginConfig(network)).toEqual(plugin);
  });

  it("without a name becomes none", () => expect(() => toNetworkConfig(parsePluginConfig('{"type": "bridge"}'))).toThrow(/name must be/));

  it("cannot say what a list says", () => {
    expect(() => toPluginConfig(parse({ plugins: [{ type: "a" }, { type: "b" }] }))).toThrow(/it has 2 plugins/);
    expect(() => toPluginConfig(parse({ disableCheck: true }))).toThrow(/disableCheck/);
  });
});
