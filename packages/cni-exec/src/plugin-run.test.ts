import { open, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCni } from "./cni.ts";
import { parseNetworkConfig } from "./network-config.ts";
import type { CniOptions, PluginRun } from "./options.ts";
import { createFakePlugin } from "./testing/index.ts";
import type { FakeReply } from "./testing/index.ts";

let dir = "";
const runs: PluginRun[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-cni-"));
  runs.length = 0;
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const network = parseNetworkConfig('{"name":"net","cniVersion":"1.0.0","plugins":[{"type":"plugin"}]}');
const attachment = { containerId: "c1", netns: "/run/netns/blue" };
const create = (options: CniOptions = {}) =>
  createCni({ pluginDirs: [dir], cacheDir: join(dir, "cache"), onPluginRun: (run) => runs.push(run), ...options });
const addTo = async (reply: FakeReply, options: CniOptions = {}): Promise<unknown> => {
  await createFakePlugin({ dir, type: "plugin", script: { replies: { ADD: reply } } });
  return create(options)
    .add(network, attachment)
    .catch((error: unknown) => error);
};
const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};
const eventually = async (condition: () => Promise<boolean> | boolean): Promise<void> => {
  while (!(await condition())) await systemClock.sleep(5);
};

/** A clock on which a run's deadline falls when the test says so: however long the plugin takes to get there on a busy machine. */
const createDeadlineClock = (timeoutMs: number): { readonly clock: Clock; readonly fall: () => void } => {
  let fall = (): void => undefined;
  const schedule: Clock["schedule"] = (delayMs, callback) => {
    if (delayMs !== timeoutMs) return systemClock.schedule(delayMs, callback);
    fall = callback;
    return { [Symbol.dispose]: () => undefined };
  };
  return { clock: { ...systemClock, schedule }, fall: () => fall() };
};

describe("a plugin that", () => {
  it("hangs is killed with its children at the deadline, and what it had said is kept", async () => {
    const plugin = await createFakePlugin({
      dir,
      type: "plugin",
      script: { replies: { ADD: { type: "hang", ignoresTerm: true, stderr: "waiting for the daemon" } } },
    });
    const { clock, fall } = createDeadlineClock(700);
    const failure = create({ timeoutMs: 700, killAfterMs: 50, clock }).add(network, attachment);
    const seen = expect(failure).rejects.toMatchObject({
      code: "plugin-timeout",
      message: "plugin plugin did not end ADD in time and was killed with its children; it had said: waiting for the daemon",
      details: { stderr: "waiting for the daemon" },
    });
    await eventually(async () => (await plugin.hangingPids()).length === 2);
    fall();
    await seen;
    const pids = await plugin.hangingPids();
    await eventually(() => !pids.some(isAlive));
  });

  it("hangs is killed when the caller gives up, whose reason is the error", async () => {
    const plugin = await createFakePlugin({ dir, type: "plugin", script: { replies: { ADD: { type: "hang" } } } });
    const stop = new AbortController();
    const failure = create().add(network, attachment, { signal: stop.signal });
    const seen = expect(failure).rejects.toThrow("enough");
    await eventually(async () => (await plugin.hangingPids()).length === 2);
    stop.abort(new Error("enough"));
    await seen;
    const pids = await plugin.hangingPids();
    await eventually(() => !pids.some(isAlive));
  });

  it("hangs at deletion does not keep the others from theirs", async () => {
    const hanging = await createFakePlugin({ dir, type: "hangs", script: { replies: { DEL: { type: "hang" } } } });
    const other = await createFakePlugin({ dir, type: "other" });
    const chain = parseNetworkConfig('{"name":"net","cniVersion":"1.0.0","plugins":[{"type":"other"},{"type":"hangs"}]}');
    const { clock, fall } = createDeadlineClock(700);
    const seen = expect(create({ timeoutMs: 700, clock }).del(chain, attachment)).rejects.toMatchObject({
      code: "incomplete",
      details: { errors: [{ code: "plugin-timeout" }] },
    });
    await eventually(async () => (await hanging.hangingPids()).length === 2);
    fall();
    await seen;
    expect((await other.calls()).map(({ command }) => command)).toEqual(["DEL"]);
  });

  it("crashes is reported with the signal and its last words", async () =>
    expect(await addTo({ type: "crash", signal: "SIGABRT", stderr: "panic: nil map\n" })).toMatchObject({
      code: "plugin-failed",
      message: "plugin plugin failed at ADD: it ended by SIGABRT and said: panic: nil map",
      details: { exitCode: null, stderr: "panic: nil map\n", pluginError: undefined },
    }));

  it.each([
    ["fails without a word", { type: "print", stdout: "", exitCode: 3 }, /ended with exit code 3 and said nothing/],
    ["fails with plain text", { type: "print", stdout: "no such bridge\n", exitCode: 1 }, /exit code 1 and said: no such bridge/],
    ["fails with other JSON", { type: "print", stdout: '{"a":1}', exitCode: 1 }, /exit code 1 and said: \{"a":1\}/],
    [
      "fails with a code alone",
      { type: "print", stdout: '{"code":4}', exitCode: 1 },
      /failed at ADD: {2}\(code 4: invalid environment variables\)/,
    ],
  ] as const)("%s is reported as plugin-failed", async (_name, reply, message) =>
    expect(await addTo(reply)).toMatchObject({ code: "plugin-failed", message: expect.stringMatching(message) as unknown }),
  );

  it.each([
    ["garbage", { type: "print", stdout: "\u0000\u0001 not json" }, "plugin-output", /it is not JSON/],
    ["nothing", { type: "print", stdout: "" }, "plugin-output", /it is empty/],
    ["a list", { type: "print", stdout: "[]" }, "plugin-output", /not a JSON object/],
    ["two results", { type: "print", stdout: "{}{}" }, "plugin-output", /it is not JSON/],
    [
      "an address that is none",
      { type: "answer", json: { cniVersion: "1.0.0", ips: [{ address: "here" }] } },
      "plugin-output",
      /ips\[0\]\.address/,
    ],
    ["a result from the future", { type: "answer", json: { cniVersion: "3.0.0" } }, "incompatible-version", /newer than 1\.1\.0/],
  ] as const)("answers with %s is refused", async (_name, reply, code, message) =>
    expect(await addTo(reply)).toMatchObject({
      code,
      message: expect.stringMatching(message) as unknown,
      details: { plugin: "plugin", command: "ADD" },
    }),
  );

  it("answers null says nothing, which is a result", async () =>
    expect(await addTo({ type: "print", stdout: "null" })).toMatchObject({ cniVersion: "1.0.0", ips: [] }));

  it("floods stdout is killed at the limit", async () =>
    expect(
      await addTo({ type: "flood", stream: "stdout", bytes: 50_000_000, stderr: "here it comes" }, { maxStdoutBytes: 10_000 }),
    ).toMatchObject({
      code: "plugin-output",
      message: expect.stringMatching(/wrote more at ADD than is allowed/) as unknown,
      details: { stderr: "here it comes" },
    }));

  it("floods stderr succeeds all the same, and only the end is kept", async () => {
    expect(await addTo({ type: "flood", stream: "stderr", bytes: 5_000_000 }, { maxStderrBytes: 1_000 })).toMatchObject({ ips: [{}] });
    expect(runs.map(({ plugin, command, exitCode, stderr }) => [plugin, command, exitCode, stderr.length])).toEqual([
      ["plugin", "ADD", 0, 1_000],
    ]);
  });

  it("does not read its stdin does no harm", async () => {
    await writeFile(join(dir, "plugin"), "#!/bin/sh\nexec echo '{\"ips\":[]}'\n", { mode: 0o755 });
    const large = parseNetworkConfig(
      JSON.stringify({ name: "net", cniVersion: "1.0.0", plugins: [{ type: "plugin", blob: "x".repeat(500_000) }] }),
    );
    expect(await create().add(large, attachment)).toMatchObject({ ips: [] });
  });

  it("is not there, not executable, a directory or no program is said to be so", async () => {
    const codeOf = (): Promise<unknown> =>
      create()
        .add(network, attachment)
        .then(String, (error: { code: string }) => error.code);
    expect(await codeOf()).toBe("plugin-not-found");
    await mkdir(join(dir, "plugin"));
    expect(await codeOf()).toBe("plugin-not-found");
    await rm(join(dir, "plugin"), { recursive: true });
    await createFakePlugin({ dir, type: "plugin", kind: "not-executable" });
    expect(await codeOf()).toBe("plugin-not-executable");
    await createFakePlugin({ dir, type: "plugin", kind: "no-interpreter" });
    expect(await codeOf()).toBe("plugin-not-executable");
    const outside = parseNetworkConfig('{"name":"net","plugins":[{"type":"../plugin"}]}');
    await expect(create().add(outside, attachment)).rejects.toMatchObject({
      code: "invalid-config",
      message: expect.stringMatching(/not a path/) as unknown,
    });
  });

  it("is being written is tried again when it is done", async () => {
    await createFakePlugin({ dir, type: "plugin" });
    const writer = await open(join(dir, "plugin"), "r+");
    let waits = 0;
    const clock = {
      ...systemClock,
      sleep: async (): Promise<void> => {
        waits += 1;
        if (waits === 2) await writer.close();
      },
    };
    expect(await create({ clock }).add(network, attachment)).toMatchObject({ ips: [{}] });
    expect(waits).toBe(2);
  });

  it("a launcher runs is run by it", async () => {
    await createFakePlugin({ dir, type: "plugin" });
    expect(await create({ launcher: ["env", "CNI_IFNAME=net7"] }).add(network, attachment)).toMatchObject({
      interfaces: [{ name: "net7" }],
    });
  });
});
