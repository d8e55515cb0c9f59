import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFakePlugin } from "./fake-plugin.ts";
import { createPluginDriver } from "./plugin-driver.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-cni-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe("the plugin driver", () => {
  it("calls a plugin as a runtime does and hands over what it says", async () => {
    const plugin = await createFakePlugin({
      dir,
      type: "mine",
      script: { replies: { GC: { type: "fail", code: 100, msg: "no", stderr: "log\n" } } },
    });
    const driver = createPluginDriver({ path: plugin.path, config: { cniVersion: "1.1.0" } });
    const added = await driver.run("ADD", { netns: "/proc/self/ns/net", config: { runtimeConfig: { mac: "c2:11:22:33:44:55" } } });
    expect(added).toMatchObject({
      exitCode: 0,
      stderr: "",
      error: undefined,
      result: { cniVersion: "1.1.0", interfaces: [{ name: "eth0" }] },
    });
    expect((await plugin.calls())[0]).toMatchObject({
      config: { name: "driven", type: "mine", runtimeConfig: { mac: "c2:11:22:33:44:55" } },
      env: { CNI_CONTAINERID: "driven", CNI_IFNAME: "eth0", CNI_PATH: dir },
    });
    expect(await driver.run("GC")).toMatchObject({ exitCode: 1, stderr: "log\n", error: { code: 100, msg: "no" }, result: undefined });
    expect((await driver.run("VERSION")).json).toMatchObject({ supportedVersions: expect.arrayContaining(["1.1.0"]) as unknown });
    expect(await driver.run("ADD", { stdin: "garbage" })).toMatchObject({ exitCode: 1, error: { code: 4 } });
  });
});
