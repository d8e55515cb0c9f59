import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSubprocess } from "@nk/stdx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCni, parseNetworkConfig } from "../../src/index.ts";
import { createNetworkSandbox, createPluginDriver } from "../../src/testing/index.ts";
import type { NetworkSandbox } from "../../src/testing/index.ts";

const PLUGINS = "/usr/lib/cni";
const MAIN = join(import.meta.dirname, "../../src/main.ts");

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-cni-command-"));
  await mkdir(join(dir, "conf"));
  const ipam = { type: "host-local", dataDir: join(dir, "ipam"), subnet: "10.124.0.0/24" };
  const plugins = [{ type: "bridge", bridge: "nkcmd0", isGateway: true, ipam }];
  await writeFile(join(dir, "conf/10.conflist"), JSON.stringify({ cniVersion: "1.0.0", name: "cmd", plugins }));
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe("the command as a process, with real plugins", () => {
  const run = async (sandbox: NetworkSandbox, ...argv: readonly string[]) => {
    const [program = "", ...rest] = [...sandbox.launcher, process.execPath, "--conditions=@nk/source", MAIN, ...argv];
    const options = ["--conf-dir", join(dir, "conf"), "--plugin-dir", PLUGINS, "--cache-dir", join(dir, "cache")];
    return runSubprocess([program, ...rest, ...options], { timeoutMs: 30_000 });
  };

  it("attaches, checks, collects and detaches, with exit codes that tell", async () => {
    await using sandbox = await createNetworkSandbox();
    const container = await sandbox.addContainer();
    const { netns } = container;
    const added = await run(sandbox, "add", "cmd", "box", netns, "--json");
    expect(added).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(added.stdout)).toMatchObject({ cniVersion: "1.0.0", ips: [{ address: "10.124.0.2/24", gateway: "10.124.0.1" }] });
    await container.exec(["busybox", "ping", "-c", "1", "-W", "3", "10.124.0.1"]);
    expect(await run(sandbox, "check", "cmd", "box")).toMatchObject({ exitCode: 0 });
    expect(await run(sandbox, "add", "cmd", "box", netns)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^cni-exec: plugin bridge failed at ADD: .*\n$/) as unknown,
    });
    await container.exec(["ip", "link", "set", "eth0", "down"]);
    await container.exec(["ip", "address", "flush", "dev", "eth0"]);
    expect(await run(sandbox, "check", "cmd", "box")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/plugin bridge failed at CHECK/) as unknown,
    });
    expect(await run(sandbox, "gc", "cmd", "--none-valid")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/deleted container box \(eth0\)/) as unknown,
    });
    expect(await run(sandbox, "del", "cmd", "box")).toMatchObject({ exitCode: 0 });
    expect(await run(sandbox, "validate")).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/ok\n$/) as unknown });
    expect(await run(sandbox, "nonsense")).toMatchObject({ exitCode: 2 });
    expect(await readdir(join(dir, "cache/results"))).toEqual([]);
  });
});

describe("the sandbox", () => {
  it("needs no root: in a user namespace plugins work and pings arrive", async () => {
    await using sandbox = await createNetworkSandbox({ isRootless: true });
    const container = await sandbox.addContainer();
    const cni = createCni({ pluginDirs: [PLUGINS], cacheDir: join(dir, "rootless"), launcher: sandbox.launcher });
    const ipam = { type: "host-local", dataDir: join(dir, "rootless-ipam"), subnet: "10.124.1.0/24" };
    const network = parseNetworkConfig(JSON.stringify({ cniVersion: "1.0.0", name: "rootless", plugins: [{ type: "ptp", ipam }] }));
    await cni.add(network, { containerId: "box", netns: container.netns });
    expect(await container.exec(["busybox", "ping", "-c", "1", "-W", "3", "10.124.1.1"])).toMatch(/1 packets received/);
    await cni.del(network, { containerId: "box" });
  });

  it("shows what a plugin leaves behind", async () => {
    await using sandbox = await createNetworkSandbox();
    const container = await sandbox.addContainer();
    const before = await sandbox.snapshot();
    const config = { cniVersion: "1.0.0", bridge: "nkleak0", ipam: {} };
    const driver = createPluginDriver({ path: join(PLUGINS, "bridge"), config, launcher: sandbox.launcher });
    expect(await driver.run("ADD", { netns: container.netns })).toMatchObject({
      exitCode: 0,
      result: { interfaces: [{ name: "nkleak0" }, {}, { name: "eth0" }] },
    });
    expect(await driver.run("DEL", { netns: container.netns })).toMatchObject({ exitCode: 0 });
    expect((await sandbox.snapshot()).filter((line) => !before.includes(line))).toEqual(["link nkleak0"]);
    expect(await driver.run("ADD", { netns: "/no/such/namespace" })).toMatchObject({
      exitCode: 1,
      error: { msg: expect.stringMatching(/failed to open netns/) as unknown },
    });
  });
});
