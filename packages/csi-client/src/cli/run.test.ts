import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CsiStatusError, startMemoryDriver } from "../testing/index.ts";
import type { MemoryDriver, MemoryDriverOptions } from "../testing/index.ts";
import { runCli } from "./run.ts";

let driver: MemoryDriver | undefined;
let directory = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "csi-cli-"));
});

afterEach(async () => {
  await driver?.[Symbol.asyncDispose]();
  driver = undefined;
  rmSync(directory, { recursive: true, force: true });
});

const start = async (options: MemoryDriverOptions = {}): Promise<string> => {
  driver = await startMemoryDriver(options);
  return driver.endpoint;
};

const run = async (...argv: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> => {
  let out = "";
  let err = "";
  const { signal } = new AbortController();
  const code = await runCli(argv, { write: (text) => (out += text), writeError: (text) => (err += text), signal });
  return { code, out, err };
};

test("info shows the driver and its node", async () => {
  const endpoint = await start({ name: "d.example", nodeId: "n1", maxVolumesPerNode: 7 });
  const { code, out } = await run("info", "--endpoint", endpoint);
  expect([code, out]).toEqual([0, "driver   d.example 1.0.0\nnode     n1\nvolumes  at most 7\ntopology topology.d.example/node=n1\n"]);
  expect(JSON.parse((await run("info", "--endpoint", endpoint, "--json")).out)).toMatchObject({
    name: "d.example",
    node: { nodeId: "n1", maxVolumesPerNode: 7 },
  });
});

test("probe says whether the driver is ready, by its exit code too", async () => {
  let isReady = true;
  const endpoint = await start({ isReady: () => isReady });
  expect(await run("probe", "--endpoint", endpoint)).toMatchObject({ code: 0, out: "ready\n" });
  isReady = false;
  expect(await run("probe", "--endpoint", endpoint)).toMatchObject({ code: 1, out: "not ready\n" });
});

test("capabilities shows what the driver can and cannot do", async () => {
  const endpoint = await start({ without: ["cloneVolume"] });
  const { code, out } = await run("capabilities", "--endpoint", endpoint);
  expect(code).toBe(0);
  expect(out).toContain("yes stageUnstage\n");
  expect(out).toContain("no  cloneVolume\n");
  expect(JSON.parse((await run("capabilities", "--endpoint", endpoint, "--json")).out)).toMatchObject({ cloneVolume: false });
});

test("sanity runs the checks that are chosen and says how they ended", async () => {
  const endpoint = await start();
  const { code, out } = await run("sanity", "--endpoint", endpoint, "--only", "create-volume", "--skip", "clone", "--directory", directory);
  expect(code).toBe(0);
  expect(out).toContain("ok   create-volume-idempotent: the same name gives the same volume\n");
  expect(out).toMatch(/\n\nmemory\.csi\.example 1\.0\.0: \d+ passed, 0 failed, 0 skipped\n$/);
});

test("sanity that is interrupted undoes what it made, and runs no further check", async () => {
  const endpoint = await start();
  const stop = new AbortController();
  let out = "";
  let err = "";
  const createVolumes = (): number => (driver?.calls ?? []).filter(({ method }) => method === "CreateVolume").length;
  const running = runCli(["sanity", "--endpoint", endpoint, "--only", "create-volume", "--directory", directory], {
    write: (text) => (out += text),
    writeError: (text) => (err += text),
    signal: stop.signal,
  });
  while (createVolumes() === 0) await new Promise((resolve) => setImmediate(resolve));
  stop.abort(new Error("interrupted by SIGINT"));
  expect([await running, err]).toEqual([1, "csi-client: interrupted by SIGINT\n"]);
  expect(out.match(/^(ok|FAIL|skip)/gm)).toHaveLength(1);
  expect(driver?.state.volumes.size).toBe(0);
});

test("sanity fails when a check does, and its JSON says which", async () => {
  const endpoint = await start({ override: { deleteVolume: () => ({}) } });
  const { code, out } = await run("sanity", "--endpoint", endpoint, "--only", "delete-volume-gone", "--json");
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ failed: 1, results: [{ id: "delete-volume-gone", status: "failed", detail: "it is listed" }] });
});

test("sanity lists its checks without a driver", async () => {
  const { code, out } = await run("sanity", "--list");
  expect(code).toBe(0);
  expect(out.trim().split("\n").length).toBeGreaterThan(150);
  const checks = JSON.parse((await run("sanity", "--list", "--json")).out) as readonly unknown[];
  expect(checks.length).toBeGreaterThan(150);
  expect(checks[0]).toEqual({ id: "identity-name", title: expect.any(String) });
});

test("help is asked for or told, and the exit codes are honest", async () => {
  expect(await run("--help")).toMatchObject({ code: 0, out: expect.stringContaining("--endpoint PATH") });
  for (const argv of [
    [],
    ["nonsense"],
    ["info"],
    ["info", "x"],
    ["info", "--nonsense"],
    ["probe", "--endpoint", "/x", "--timeout-ms", "0"],
    ["info", "--endpoint", "/x", "--volume-bytes", "5"],
    ["capabilities", "--list"],
  ]) {
    expect(await run(...argv), argv.join(" ")).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringMatching(/^csi-client: .+\ntry csi-client --help\n$/),
    });
  }
});

test.each([
  [["--access-mode", "MANY"], "none of SINGLE_NODE_WRITER"],
  [["--parameter", "novalue"], "KEY=VALUE"],
  [["--volume-bytes", "0"], "above 0"],
  [["--secrets-file", "/nonexistent/secrets"], "cannot be read: ENOENT"],
  [["--only", "no-such-check"], "no check has such an id"],
])("sanity with %j is a usage error", async (argv, message) => {
  const result = await run("sanity", "--endpoint", await start(), ...argv);
  expect(result).toMatchObject({ code: 2, err: expect.stringContaining(message) });
});

test("a secrets file that is wrong is not quoted", async () => {
  const file = join(directory, "secrets.json");
  const endpoint = await start();
  for (const text of ['{"controller": {"k": "s3cr3t"', '{"node": {"k": ["s3cr3t"]}}']) {
    writeFileSync(file, text);
    const { code, err } = await run("sanity", "--endpoint", endpoint, "--secrets-file", file);
    expect(code).toBe(2);
    expect(err).not.toContain("s3cr3t");
  }
});

test("sanity sends the secrets of its file with every call that takes them", async () => {
  const seen = new Set<string>();
  const endpoint = await start({
    override: {
      createVolume: ({ secrets }) => {
        seen.add(`create ${secrets["user"] ?? "nobody"}`);
        throw new CsiStatusError("internal", `wrong password ${secrets["password"] ?? ""}`);
      },
    },
  });
  const file = join(directory, "secrets.json");
  writeFileSync(file, JSON.stringify({ controller: { user: "admin", password: "s3cr3t" } }));
  const { code, out } = await run("sanity", "--endpoint", endpoint, "--secrets-file", file, "--only", "create-volume-sized");
  expect([...seen]).toEqual(["create admin"]);
  expect(code).toBe(1);
  expect(out).toContain("wrong password ***");
});

test("a driver that is not there is a sentence and exit code 1", async () => {
  const { code, err } = await run("info", "--endpoint", join(directory, "none.sock"), "--timeout-ms", "1000");
  expect(code).toBe(1);
  expect(err).toMatch(/^csi-client: the driver at .*none\.sock was not ready within 1000 ms: .*ENOENT/);
  expect(await run("info", "--endpoint", directory)).toMatchObject({
    code: 1,
    err: `csi-client: ${directory} is a directory, not a socket\n`,
  });
});
