import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFakePlugin } from "../testing/index.ts";
import type { FakePlugin } from "../testing/index.ts";
import { runCli } from "./run.ts";

let dir = "";
let plugin: FakePlugin;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-cni-cli-"));
  await mkdir(join(dir, "conf"));
  plugin = await createFakePlugin({ dir, type: "plugin" });
  await writeFile(
    join(dir, "conf/10.conflist"),
    JSON.stringify({ cniVersion: "1.1.0", name: "net", plugins: [{ type: "plugin", capabilities: { mac: true } }] }),
  );
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const run = async (...argv: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly error: string }> => {
  let out = "";
  let error = "";
  const code = await runCli({
    argv: [...argv, "--cache-dir", join(dir, "cache")],
    env: { NETCONFPATH: join(dir, "conf"), CNI_PATH: dir, PATH: process.env["PATH"] },
    signal: new AbortController().signal,
    writeOut: (text) => (out += text),
    writeError: (text) => (error += text),
  });
  return { code, out, error };
};
const runJson = async (...argv: readonly string[]): Promise<unknown> => JSON.parse((await run(...argv, "--json")).out);

describe("cni-exec", () => {
  it("adds, checks, deletes, and says so", async () => {
    const added = await run("add", "net", "c1", "/run/netns/blue", "--cap", 'mac="c2:11:22:33:44:55"', "--arg", "IgnoreUnknown=1");
    expect(added).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^attached container c1 \(eth0\) to network net: 10\.99\./) as unknown,
    });
    expect((await plugin.calls())[0]).toMatchObject({
      config: { runtimeConfig: { mac: "c2:11:22:33:44:55" } },
      env: { CNI_ARGS: "IgnoreUnknown=1" },
    });
    expect(await run("check", "net", "c1")).toMatchObject({ code: 0, out: expect.stringMatching(/is as it was made/) as unknown });
    expect(await run("del", "net", "c1")).toMatchObject({ code: 0, out: "detached container c1 (eth0) from network net\n" });
    expect(await run("check", "net", "c1")).toMatchObject({
      code: 1,
      error: expect.stringMatching(/^cni-exec: cannot check container c1/) as unknown,
    });
  });

  it("speaks JSON", async () => {
    expect(await runJson("add", join(dir, "conf/10.conflist"), "c1", "/run/netns/blue", "--ifname", "net1")).toMatchObject({
      cniVersion: "1.1.0",
      interfaces: [{ name: "net1" }],
    });
    expect(await runJson("status", "net")).toEqual({ outcome: "ready" });
    expect(await runJson("version", "plugin")).toEqual({ plugin: expect.arrayContaining(["0.1.0", "1.1.0"]) as unknown });
    expect(await runJson("gc", "net", "--valid", "c1:net1")).toMatchObject({ state: "done", deleted: [] });
    expect(await runJson("gc", "net", "--none-valid")).toMatchObject({ deleted: [{ containerId: "c1", ifName: "net1" }] });
    expect(await runJson("validate")).toMatchObject({ networks: [{ name: "net", capabilities: ["mac"], problems: [] }] });
  });

  it("tells programs everything about a failure", async () => {
    await plugin.rescript({ replies: { STATUS: { type: "fail", code: 50, msg: "no daemon", stderr: "dial /run/x.sock\n" } } });
    expect(await runJson("status", "net")).toMatchObject({
      error: {
        code: "plugin-failed",
        plugin: "plugin",
        command: "STATUS",
        pluginError: { code: 50, msg: "no daemon" },
        stderr: "dial /run/x.sock\n",
      },
    });
    expect((await run("status", "net", "--verbose")).error).toMatch(
      /^plugin STATUS: dial \/run\/x\.sock\ncni-exec: plugin plugin failed at STATUS: no daemon/,
    );
  });

  it("finds what is wrong with configurations", async () => {
    await writeFile(join(dir, "conf/20.conflist"), '{ // mine\n"name": "x"}');
    await writeFile(join(dir, "conf/30.conf"), '{"name": "old", "type": "gone"}');
    const { code, out } = await run("validate");
    expect(code).toBe(1);
    expect(out.split("\n")).toEqual([
      expect.stringMatching(/^network net \(.*10\.conflist\): ok$/) as unknown,
      expect.stringMatching(/20\.conflist: error: .*comment in line 1/) as unknown,
      expect.stringMatching(/^network old \(.*30\.conf\): error: cannot run plugin gone/) as unknown,
      "",
    ]);
  });

  it("helps", async () =>
    expect(await run("--help")).toMatchObject({ code: 0, out: expect.stringMatching(/^cni-exec: runs CNI network plugins/) as unknown }));

  it.each([
    [[], /a command is wanted/],
    [["ad"], /no command "ad"/],
    [["add", "net"], /add takes 3 words, not 1/],
    [["status", "net", "--wat"], /wat/],
    [["gc", "net"], /gc deletes what is not --valid/],
    [["gc", "net", "--valid", "a", "--none-valid"], /contradict/],
    [["status", "net", "--valid", "a"], /for gc only/],
    [["add", "net", "c", "/n", "--cap", "mac=x"], /value is wanted as JSON/],
    [["add", "net", "c", "/n", "--arg", "x"], /a name, "=" and a value/],
    [["status", "net", "--timeout", "5"], /a duration is wanted/],
    [["add", "net", "../c", "/n"], /container id/],
  ])("ends %j with exit code 2 and a sentence", async (argv, message) =>
    expect(await run(...argv)).toMatchObject({ code: 2, out: "", error: expect.stringMatching(message) as unknown }),
  );
});
