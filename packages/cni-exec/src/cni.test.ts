import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCni } from "./cni.ts";
import type { Cni } from "./cni.ts";
import { parseNetworkConfig } from "./network-config.ts";
import type { NetworkConfig } from "./network-config.ts";
import { createFakePlugin } from "./testing/index.ts";
import type { FakePlugin, FakePluginScript } from "./testing/index.ts";

let dir = "";
let cni: Cni;
const stderrs: string[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-cni-"));
  stderrs.length = 0;
  cni = createCni({ pluginDirs: [dir], cacheDir: join(dir, "cache"), onPluginRun: ({ stderr }) => stderrs.push(stderr) });
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const fake = (type: string, script: FakePluginScript = {}): Promise<FakePlugin> => createFakePlugin({ dir, type, script });
const network = (plugins: readonly object[], changes: object = {}): NetworkConfig =>
  parseNetworkConfig(JSON.stringify({ cniVersion: "1.1.0", name: "net", plugins, ...changes }));
const attachment = { containerId: "c1", netns: "/run/netns/blue" };
const cacheFiles = (): Promise<readonly string[]> => readdir(join(dir, "cache/results")).catch(() => []);
const commandsOf = async (plugin: FakePlugin): Promise<readonly string[]> => (await plugin.calls()).map(({ command }) => command);

describe("an addition", () => {
  it("runs the chain in order, each plugin on the result of the one before it, and caches the last one's", async () => {
    const made = { cniVersion: "1.1.0", ips: [{ address: "10.1.0.5/16" }] };
    const changed = { cniVersion: "1.1.0", ips: [{ address: "10.1.0.5/16" }], dns: { nameservers: ["10.1.0.1"] } };
    const [first, second] = [
      await fake("first", { replies: { ADD: { type: "answer", json: made } } }),
      await fake("second", { replies: { ADD: { type: "answer", json: changed } } }),
    ];
    const last = await fake("last");
    const result = await cni.add(network([{ type: "first", own: { x: 1 } }, { type: "second" }, { type: "last" }]), attachment);
    expect(result).toEqual({
      cniVersion: "1.1.0",
      interfaces: [],
      ips: [{ address: "10.1.0.5/16" }],
      routes: [],
      dns: { nameservers: ["10.1.0.1"] },
    });
    expect((await first.calls())[0]?.config).toEqual({ type: "first", own: { x: 1 }, name: "net", cniVersion: "1.1.0" });
    expect((await second.calls())[0]?.config).toMatchObject({ prevResult: made });
    expect((await last.calls())[0]?.config).toMatchObject({ prevResult: changed });
    const cached = JSON.parse(await readFile(join(dir, "cache/results/net-c1-eth0"), "utf8")) as object;
    expect(cached).toMatchObject({ kind: "cniCacheV1", result: changed });
  });

  it("tells a plugin who, where and how in its environment, and nothing of this process's own", async () => {
    const plugin = await fake("plugin");
    await cni.add(network([{ type: "plugin" }]), {
      ...attachment,
      ifName: "net1",
      args: [
        ["IgnoreUnknown", "1"],
        ["K8S_POD_NAME", "a=b"],
      ],
    });
    const { PATH, PWD: _pwd, SHLVL: _level, _: _program, OLDPWD: _old, ...env } = (await plugin.calls())[0]?.env ?? {};
    expect(PATH).toMatch(/\/usr\/sbin/);
    expect(env).toEqual({
      CNI_COMMAND: "ADD",
      CNI_CONTAINERID: "c1",
      CNI_NETNS: "/run/netns/blue",
      CNI_IFNAME: "net1",
      CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAME=a=b",
      CNI_PATH: dir,
    });
  });

  it("gives capability arguments only to plugins that declare the capability", async () => {
    const [one, other] = [await fake("one"), await fake("other")];
    const capabilityArgs = { mac: "c2:11:22:33:44:55", aliases: ["db"], ips: undefined };
    const plugins = [{ type: "one", capabilities: { mac: true, ips: true, aliases: false } }, { type: "other" }];
    await cni.add(network(plugins), { ...attachment, capabilityArgs });
    expect((await one.calls())[0]?.config["runtimeConfig"]).toEqual({ mac: "c2:11:22:33:44:55" });
    expect((await other.calls())[0]?.config).not.toHaveProperty("runtimeConfig");
  });

  it("ends at the first plugin that fails, with the plugin's own words, and caches nothing", async () => {
    await fake("first");
    await fake("broken", {
      replies: { ADD: { type: "fail", code: 7, msg: "bad subnet", details: "it is too small", stderr: "looking around\n" } },
    });
    const last = await fake("last");
    const failure = cni.add(network([{ type: "first" }, { type: "broken" }, { type: "last" }]), attachment);
    await expect(failure).rejects.toMatchObject({
      code: "plugin-failed",
      message: "plugin broken failed at ADD: bad subnet; it is too small (code 7: invalid network configuration)",
      details: {
        plugin: "broken",
        command: "ADD",
        stderr: "looking around\n",
        exitCode: 1,
        pluginError: { code: 7, msg: "bad subnet", details: "it is too small" },
      },
    });
    expect(await last.calls()).toEqual([]);
    expect(await cacheFiles()).toEqual([]);
  });

  it.each(["0.1.0", "0.3.1", "0.4.0", "1.1.0"])(
    "works in version %s of the specification, and its prevResult is of that version",
    async (cniVersion) => {
      const [first, second] = [await fake("first"), await fake("second")];
      const net = network([{ type: "first" }, { type: "second" }], { cniVersion });
      const result = await cni.add(net, attachment);
      expect(result).toMatchObject({ cniVersion, ips: [{ address: expect.stringMatching(/^10\.99\./) as unknown }] });
      expect((await second.calls())[0]?.config).toMatchObject({ cniVersion, prevResult: { cniVersion } });
      await cni.del(net, attachment);
      expect((await first.calls()).at(-1)?.config["prevResult"] !== undefined).toBe(cniVersion >= "0.4.0");
      expect(await cacheFiles()).toEqual([]);
    },
  );

  it("takes a result without a version for one of the network's", async () => {
    await fake("plugin", { replies: { ADD: { type: "answer", json: { ips: [{ address: "10.1.0.5/16" }] } } } });
    expect(await cni.add(network([{ type: "plugin" }]), attachment)).toMatchObject({
      cniVersion: "1.1.0",
      ips: [{ address: "10.1.0.5/16" }],
    });
  });

  it.each([
    [{ ...attachment, containerId: "../x" }, /container id/],
    [{ ...attachment, containerId: "" }, /container id/],
    [{ ...attachment, netns: "" }, /network namespace is empty/],
    [{ ...attachment, ifName: "" }, /it is empty/],
    [{ ...attachment, ifName: "a".repeat(16) }, /longer than 15 bytes/],
    [{ ...attachment, ifName: "a/b" }, /neither \/ nor :/],
    [{ ...attachment, ifName: ".." }, /neither \. nor \.\./],
    [{ ...attachment, args: [["A", "b;C=d"]] as const }, /CNI_ARGS/],
    [{ ...attachment, capabilityArgs: { mac: "x" } }, /capability argument mac/],
  ])("refuses %j before a plugin sees it", async (bad, message) => {
    const plugin = await fake("plugin");
    await expect(cni.add(network([{ type: "plugin" }]), bad)).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringMatching(message) as unknown,
    });
    expect(await plugin.calls()).toEqual([]);
  });

  it("refuses a network from the future, and one without plugins", async () => {
    await fake("plugin");
    await expect(cni.add(network([{ type: "plugin" }], { cniVersion: "2.0.0" }), attachment)).rejects.toMatchObject({
      code: "incompatible-version",
    });
    await expect(cni.add(parseNetworkConfig('{"name":"net"}'), attachment)).rejects.toMatchObject({ code: "invalid-config" });
  });
});

describe("a deletion", () => {
  it("runs the whole chain backwards on the cached result, with the arguments of the addition", async () => {
    const [first, second] = [await fake("first"), await fake("second")];
    const net = network([{ type: "first", capabilities: { mac: true } }, { type: "second" }]);
    const result = await cni.add(net, { ...attachment, args: [["A", "b"]], capabilityArgs: { mac: "c2:11:22:33:44:55" } });
    await cni.del(net, { containerId: "c1" });
    const call = (await first.calls()).at(-1);
    expect(call).toMatchObject({
      command: "DEL",
      env: { CNI_NETNS: "/run/netns/blue", CNI_ARGS: "A=b", CNI_IFNAME: "eth0" },
      config: { prevResult: { ips: result.ips }, runtimeConfig: { mac: "c2:11:22:33:44:55" } },
    });
    expect((await second.calls()).at(-1)?.command).toBe("DEL");
    expect(await cacheFiles()).toEqual([]);
  });

  it("says that the namespace is gone when it is told so", async () => {
    const plugin = await fake("plugin");
    const net = network([{ type: "plugin" }]);
    await cni.add(net, attachment);
    await cni.del(net, { containerId: "c1", netns: "" });
    expect((await plugin.calls()).at(-1)?.env["CNI_NETNS"]).toBe("");
  });

  it("goes on past plugins that fail, gathers the errors, and keeps the result for another attempt", async () => {
    const first = await fake("first");
    const broken = await fake("broken", { replies: { DEL: { type: "fail", code: 11, msg: "busy" } } });
    const net = network([{ type: "first" }, { type: "broken" }]);
    await cni.add(net, attachment);
    const failure = await cni
      .del({ ...net, plugins: [...net.plugins, ...network([{ type: "missing" }]).plugins] }, attachment)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "incomplete",
      message: expect.stringMatching(
        /^cannot delete container c1 \(eth0\) of network net: .*missing.*; plugin broken failed at DEL: busy \(code 11: try again later\)$/,
      ) as unknown,
      details: { errors: [{ code: "plugin-not-found" }, { code: "plugin-failed", details: { plugin: "broken" } }] },
    });
    expect(await commandsOf(first)).toEqual(["ADD", "DEL"]);
    expect(await cacheFiles()).toEqual(["net-c1-eth0"]);
    await broken.rescript({});
    await cni.del(net, attachment);
    expect((await first.calls()).at(-1)?.config).toHaveProperty("prevResult");
    expect(await cacheFiles()).toEqual([]);
  });

  it.each(["broken", '{"kind":"cniCacheV1","networkName":"net","containerId":"c1","ifName":"eth0","result":{"cniVersion":"9.0.0"}}'])(
    "does without a cached result that reads %s, and takes it away",
    async (text) => {
      const plugin = await fake("plugin");
      const net = network([{ type: "plugin" }]);
      await cni.add(net, attachment);
      await writeFile(join(dir, "cache/results/net-c1-eth0"), text);
      await cni.del(net, attachment);
      expect((await plugin.calls()).at(-1)?.config).not.toHaveProperty("prevResult");
      expect(await cacheFiles()).toEqual([]);
    },
  );
});

describe("a check", () => {
  it("runs the chain on the cached result and ends at the first complaint", async () => {
    const [first, second, last] = [await fake("first"), await fake("second"), await fake("last")];
    const net = network([{ type: "first" }, { type: "second" }, { type: "last" }]);
    const { ips } = await cni.add(net, attachment);
    expect(await cni.check(net, attachment)).toBe("checked");
    expect((await first.calls()).at(-1)).toMatchObject({ command: "CHECK", config: { prevResult: { ips } } });
    await second.rescript({ replies: { CHECK: { type: "fail", code: 100, msg: "no route" } } });
    await expect(cni.check(net, attachment)).rejects.toMatchObject({ message: "plugin second failed at CHECK: no route (code 100)" });
    expect(await commandsOf(last)).toEqual(["ADD", "CHECK"]);
  });

  it("is not made where it cannot or must not be", async () => {
    const plugin = await fake("plugin");
    await expect(cni.check(network([{ type: "plugin" }], { cniVersion: "0.3.1" }), attachment)).rejects.toMatchObject({
      code: "unsupported",
    });
    await expect(cni.check(network([{ type: "plugin" }]), attachment)).rejects.toMatchObject({ code: "not-attached" });
    expect(await cni.check(network([{ type: "plugin" }], { disableCheck: true }), attachment)).toBe("disabled");
    expect(await plugin.calls()).toEqual([]);
  });
});

describe("the status", () => {
  it("is what the plugins say, with their code", async () => {
    const plugin = await fake("plugin");
    expect(await cni.status(network([{ type: "plugin" }]))).toBe("ready");
    expect((await plugin.calls())[0]).toMatchObject({
      command: "STATUS",
      config: { name: "net", cniVersion: "1.1.0" },
      env: { CNI_CONTAINERID: "", CNI_NETNS: "" },
    });
    await plugin.rescript({ replies: { STATUS: { type: "fail", code: 50, msg: "no daemon" } } });
    await expect(cni.status(network([{ type: "plugin" }]))).rejects.toMatchObject({
      code: "plugin-failed",
      details: { pluginError: { code: 50 } },
    });
  });

  it("is unknown before CNI 1.1", async () => {
    const plugin = await fake("plugin");
    expect(await cni.status(network([{ type: "plugin" }], { cniVersion: "1.0.0" }))).toBe("unsupported");
    expect(await plugin.calls()).toEqual([]);
  });
});

describe("a garbage collection", () => {
  it("deletes what is cached and not valid, then tells the plugins what is valid", async () => {
    const plugin = await fake("plugin");
    const net = network([{ type: "plugin" }]);
    for (const containerId of ["keep", "stale"]) await cni.add(net, { ...attachment, containerId });
    await cni.add({ ...net, name: "other" }, { ...attachment, containerId: "stale" });
    const outcome = await cni.gc(net, [{ containerId: "keep" }]);
    expect(outcome).toEqual({ state: "done", deleted: [{ containerId: "stale", ifName: "eth0" }], arePluginsAsked: true });
    const calls = await plugin.calls();
    expect(calls.slice(3).map(({ command, env }) => `${command} ${env["CNI_CONTAINERID"]}`)).toEqual(["DEL stale", "GC "]);
    const valid = [{ containerID: "keep", ifname: "eth0" }];
    expect(calls.at(-1)?.config).toMatchObject({ "cni.dev/valid-attachments": valid, "cni.dev/attachments": valid });
    expect(await cacheFiles()).toEqual(["net-keep-eth0", "other-stale-eth0"]);
    expect((await cni.listAttachments({ containerId: "keep" })).map(({ networkName }) => networkName)).toEqual(["net"]);
  });

  it("goes on past failures and gathers them", async () => {
    await fake("first", { replies: { GC: { type: "fail", code: 999, msg: "locked" } } });
    const last = await fake("last");
    const net = network([{ type: "first" }, { type: "last" }]);
    await cni.add(net, attachment);
    await last.rescript({ replies: { DEL: { type: "fail", code: 5, msg: "disk" } } });
    await expect(cni.gc(net, [])).rejects.toMatchObject({
      code: "incomplete",
      details: { errors: [{ code: "incomplete" }, { code: "plugin-failed" }] },
    });
    expect(await commandsOf(last)).toEqual(["ADD", "DEL", "GC"]);
  });

  it("leaves the plugins alone before CNI 1.1, and everything when the network forbids it", async () => {
    const plugin = await fake("plugin");
    const old = network([{ type: "plugin" }], { cniVersion: "1.0.0" });
    await cni.add(old, attachment);
    expect(await cni.gc(network([{ type: "plugin" }], { disableGC: true }), [])).toEqual({
      state: "disabled",
      deleted: [],
      arePluginsAsked: false,
    });
    expect(await cni.gc(old, [])).toMatchObject({ deleted: [{ containerId: "c1" }], arePluginsAsked: false });
    expect(await commandsOf(plugin)).toEqual(["ADD", "DEL"]);
  });
});

describe("the versions of a plugin", () => {
  it("are what it says, also when it is older than the question", async () => {
    await fake("new", { supportedVersions: ["0.4.0", "1.0.0"] });
    await fake("old", { isOlderThanVersion: true });
    await fake("second", { replies: { VERSION: { type: "answer", json: { cniVersion: "0.2.0" } } } });
    await fake("odd", { replies: { VERSION: { type: "answer", json: { cniVersion: "1.0.0" } } } });
    expect(await Promise.all(["new", "old", "second"].map((type) => cni.version(type)))).toEqual([
      ["0.4.0", "1.0.0"],
      ["0.1.0"],
      ["0.1.0", "0.2.0"],
    ]);
    await expect(cni.version("odd")).rejects.toMatchObject({
      code: "plugin-output",
      message: expect.stringMatching(/supportedVersions is missing/) as unknown,
    });
  });
});

describe("a validation", () => {
  it("finds a sound network sound, and says what it can be told", async () => {
    for (const type of ["first", "ipam", "second"]) await fake(type);
    const plugins = [
      { type: "first", ipam: { type: "ipam" }, capabilities: { mac: true } },
      { type: "second", capabilities: { aliases: true, mac: true } },
    ];
    expect(await cni.validate(network(plugins))).toEqual({ capabilities: ["aliases", "mac"], problems: [] });
  });

  it("tells everything that would go wrong", async () => {
    await fake("bridge", { supportedVersions: ["0.3.1"] });
    await fake("ptp");
    const text =
      '{"name":"net","cniVersion":"1.1.0","plugins":[{"type":"bridge","master":"a",\n"master":"b","ipam":{"type":"gone"}},{"type":"ptp","prevResult":{}}]}';
    const { problems } = await cni.validate(parseNetworkConfig(text));
    expect(problems.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      expect.stringMatching(/^error: bridge and ptp both make the container's interface/) as unknown,
      'warning: key "master" stands twice in one object, again in line 2: the last one counts',
      'warning: key "prevResult" belongs to the runtime, which may write over it',
      "error: plugin bridge does not support CNI 1.1.0, only 0.3.1",
      expect.stringMatching(/^error: cannot run plugin gone/) as unknown,
    ]);
    await fake("portmap");
    const [problem] = (await cni.validate(network([{ type: "portmap" }]))).problems;
    expect(problem?.message).toMatch(/stands first/);
  });
});
