import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listNetworkConfigs, loadNetworkConfig, readNetworkConfigFile } from "./config-directory.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-cni-conf-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const list = (name: string, ...types: readonly string[]): string =>
  JSON.stringify({ cniVersion: "1.0.0", name, plugins: types.map((type) => ({ type })) });
const single = (name: string, type: string): string => JSON.stringify({ cniVersion: "0.4.0", name, type });
const write = async (files: { readonly [path: string]: string }): Promise<void> => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(dir, path, ".."), { recursive: true });
    await writeFile(join(dir, path), text);
  }
};
const typesOf = async (name: string): Promise<readonly string[]> => (await loadNetworkConfig(dir, name)).plugins.map(({ type }) => type);

describe("a configuration directory", () => {
  it("gives the first list of a name, lists before single plugins whatever their file's name", async () => {
    await write({ "00.conf": single("net", "single"), "20.conflist": list("net", "second"), "10.conflist": list("net", "first") });
    expect(await typesOf("net")).toEqual(["first"]);
  });

  it("gives a single plugin from .conf and .json as a list of one", async () => {
    await write({ "10.conflist": list("other", "x"), "20.json": single("net", "from-json"), "30.conf": single("net", "from-conf") });
    expect(await loadNetworkConfig(dir, "net")).toMatchObject({
      cniVersion: "0.4.0",
      path: join(dir, "20.json"),
      plugins: [{ type: "from-json" }],
    });
  });

  it("adds the plugins of the network's own folder, in the order of their files, unless the list forbids it", async () => {
    await write({
      "10.conflist": list("net", "inline"),
      "net/20.conf": '{"type": "b"}',
      "net/10.conf": '{"type": "a"}',
      "net/30.json": '{"type": "no"}',
    });
    expect(await typesOf("net")).toEqual(["inline", "a", "b"]);
    await write({ "10.conflist": JSON.stringify({ name: "net", loadOnlyInlinedPlugins: true, plugins: [{ type: "inline" }] }) });
    expect(await typesOf("net")).toEqual(["inline"]);
    await write({ "10.conflist": '{"name": "net"}' });
    expect(await typesOf("net")).toEqual(["a", "b"]);
  });

  it("refuses a list that has plugins nowhere", async () => {
    await write({ "10.conflist": '{"name": "net"}' });
    await expect(loadNetworkConfig(dir, "net")).rejects.toMatchObject({
      code: "invalid-config",
      message: expect.stringMatching(/has no plugins/) as unknown,
    });
  });

  it("ends at a broken file on the way, and does not reach one behind", async () => {
    await write({ "10.conflist": list("net", "a"), "20.conflist": "// broken" });
    expect(await typesOf("net")).toEqual(["a"]);
    await expect(loadNetworkConfig(dir, "other")).rejects.toMatchObject({
      code: "invalid-config",
      details: { path: join(dir, "20.conflist") },
    });
  });

  it("says when there is no such network, or none at all", async () => {
    await expect(loadNetworkConfig(join(dir, "nowhere"), "net")).rejects.toMatchObject({
      code: "config-not-found",
      message: expect.stringMatching(/there are no configurations/) as unknown,
    });
    await write({ "10.conflist": list("a", "x"), "README.md": "no" });
    await expect(loadNetworkConfig(dir, "net")).rejects.toMatchObject({
      code: "config-not-found",
      message: expect.stringMatching(/none of the 1/) as unknown,
    });
  });

  it("lists all, the broken ones with their error", async () => {
    await write({
      "30.conf": single("c", "x"),
      "10.conflist": list("a", "x"),
      "20.conflist": "{",
      ".conf": single("hidden", "x"),
      "nothing.txt": "",
    });
    const files = await listNetworkConfigs(dir);
    expect(files.map((file) => ("network" in file ? file.network.name : file.error.code))).toEqual(["hidden", "a", "invalid-config", "c"]);
  });

  it("says what is wrong with a path", async () => {
    await write({ "big.conflist": " ".repeat(200) });
    await mkdir(join(dir, "folder.conflist"));
    execFileSync("mkfifo", [join(dir, "pipe.conflist")]);
    const messageOf = async (name: string, read = readNetworkConfigFile): Promise<string> =>
      read(join(dir, name), { maxFileBytes: 100 }).then(String, (error: Error) => error.message);
    expect(await messageOf("folder.conflist")).toMatch(/it is a directory/);
    expect(await messageOf("pipe.conflist")).toMatch(/not a regular file/);
    expect(await messageOf("big.conflist")).toMatch(/longer than 100 bytes/);
    expect(await messageOf("none.conflist")).toMatch(/there is no such file/);
    await expect(loadNetworkConfig(join(dir, "big.conflist"), "x")).rejects.toThrow(/a directory is wanted, and it is a file/);
    await expect(listNetworkConfigs(dir, { maxFiles: 1 })).rejects.toThrow(/more than 1 configurations/);
    await expect(listNetworkConfigs(dir, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
});
