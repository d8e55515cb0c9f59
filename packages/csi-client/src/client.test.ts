import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeadlineError, withDeadline } from "@nk/stdx";
import { createRecordingMetrics } from "@nk/stdx/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createUncheckedCsiCalls, openCsiClient } from "./client.ts";
import type { CsiClient } from "./client.ts";
import type { CsiClientOptions } from "./options.ts";
import { startMemoryDriver } from "./testing/index.ts";
import type { MemoryDriver, MemoryDriverOptions } from "./testing/index.ts";
import { volumeCapability } from "./volume-capability.ts";

const disposals: AsyncDisposable[] = [];
let directory = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "csi-client-"));
});

afterEach(async () => {
  for (const one of disposals.splice(0).toReversed()) await one[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

const start = async (
  driverOptions: MemoryDriverOptions = {},
  clientOptions: Partial<CsiClientOptions> = {},
): Promise<{ readonly driver: MemoryDriver; readonly client: CsiClient }> => {
  const driver = await startMemoryDriver(driverOptions);
  disposals.push(driver);
  const client = await openCsiClient({ endpoint: driver.endpoint, retry: { initialMs: 1, maxMs: 5 }, ...clientOptions });
  disposals.push(client);
  return { driver, client };
};

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

const create = { name: "v1", volumeCapabilities: [volumeCapability()] };
const sent = (driver: MemoryDriver, method: string): number => driver.calls.filter((call) => call.method === method).length;

test("opening reads who the driver is and what it can do, once", async () => {
  const { driver, client } = await start({ name: "d.example", without: ["cloneVolume", "groupController"] });
  expect(client.driver).toMatchObject({ name: "d.example", vendorVersion: "1.0.0" });
  expect(client.supports).toMatchObject({ stageUnstage: true, cloneVolume: false, groupController: false, groupSnapshots: false });
  await client.createVolume(create);
  await client.listVolumes();
  expect(driver.calls.map(({ method }) => method).toSorted()).toEqual([
    "ControllerGetCapabilities",
    "CreateVolume",
    "GetPluginCapabilities",
    "GetPluginInfo",
    "ListVolumes",
    "NodeGetCapabilities",
    "Probe",
  ]);
});

test("a call that the driver does not support is refused without being sent", async () => {
  const { driver, client } = await start({ without: ["listSnapshots"] });
  await expect(client.listSnapshots()).rejects.toMatchObject({
    code: "unsupported",
    outcome: "final",
    message: "ListSnapshots was not sent: driver memory.csi.example does not support it (supports.listSnapshots is false)",
  });
  expect(sent(driver, "ListSnapshots")).toBe(0);
});

test("a driver without a node service is opened, and its node calls are refused", async () => {
  const { client } = await start({ without: ["node"] });
  expect(client.supports).toMatchObject({ node: false, controller: true });
  await expect(client.nodeGetInfo()).rejects.toMatchObject({ code: "unsupported" });
});

test("refresh sees what a driver that was replaced can do", async () => {
  const { driver, client } = await start({ without: ["controller"], directory });
  expect(client.supports.controller).toBe(false);
  await driver.stop();
  disposals.push(await startMemoryDriver({ directory }));
  expect((await client.refresh()).supports.controller).toBe(true);
  await client.createVolume(create);
});

test("opening waits for a driver that starts later and becomes ready later still", async () => {
  let isReady = false;
  const opening = openCsiClient({ endpoint: join(directory, "csi.sock") });
  const driver = await startMemoryDriver({ directory, isReady: () => isReady });
  disposals.push(driver);
  await until(() => sent(driver, "Probe") > 1);
  isReady = true;
  const client = await opening;
  disposals.push(client);
  expect(client.supports.node).toBe(true);
});

test("opening takes a driver that says nothing about its readiness", async () => {
  const { client } = await start({ override: { probe: () => ({}) } });
  expect(client.driver.name).toBe("memory.csi.example");
});

test("opening gives up on a driver that is never ready, and says why", async () => {
  const driver = await startMemoryDriver({ isReady: () => false });
  disposals.push(driver);
  const opening = openCsiClient({ endpoint: driver.endpoint, openTimeoutMs: 1000 });
  await expect(opening).rejects.toMatchObject({
    code: "not-ready",
    retryable: true,
    message: expect.stringContaining("it says that it is not ready"),
  });
});

test("a driver that becomes ready late has only what is left of the opening's time for its answers", async () => {
  let probes = 0;
  const driver = await startMemoryDriver({ isReady: () => (probes += 1) > 3 });
  disposals.push(driver);
  using _hang = driver.failOn({ method: "GetPluginInfo", action: { type: "hang" } });
  const error: unknown = await openCsiClient({ endpoint: driver.endpoint, openTimeoutMs: 3000 }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "deadline-exceeded", message: expect.stringContaining("GetPluginInfo") as unknown });
  // Three waits between probes: 50, 100 and 200 ms.
  const [, leftMs = ""] = /no answer within (\d+) ms/.exec((error as Error).message) ?? [];
  expect(Number(leftMs)).toBeLessThanOrEqual(2650);
});

test("opening ends with its signal", async () => {
  const opening = openCsiClient({ endpoint: join(directory, "none.sock"), signal: AbortSignal.timeout(50) });
  await expect(opening).rejects.toMatchObject({ name: "TimeoutError" });
});

test.each([
  ["a relative path", () => "csi.sock", "is not of the form"],
  ["another scheme", () => "tcp://1.2.3.4:5", "is not of the form"],
  ["a path that is too long", () => `/${"x".repeat(120)}`, "is longer than the 107 bytes"],
  ["a directory", () => directory, "is a directory, not a socket"],
  [
    "a file",
    () => {
      writeFileSync(join(directory, "file"), "");
      return join(directory, "file");
    },
    "is no socket",
  ],
  [
    "a path through a file",
    () => {
      writeFileSync(join(directory, "file"), "");
      return join(directory, "file/csi.sock");
    },
    "a part of its path is no directory",
  ],
])("opening %s fails at once", async (_what, endpoint, message) => {
  await expect(openCsiClient({ endpoint: endpoint() })).rejects.toMatchObject({
    code: "invalid-endpoint",
    message: expect.stringContaining(message),
  });
});

test("opening a socket where something else listens fails in time", async () => {
  const path = join(directory, "http.sock");
  const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    await expect(openCsiClient({ endpoint: path, openTimeoutMs: 300 })).rejects.toMatchObject({
      code: expect.stringMatching(/not-ready|internal|unknown/),
    });
  } finally {
    server.close();
  }
});

test("opening a socket that accepts and never says a word ends at the deadline", async () => {
  const path = join(directory, "mute.sock");
  const server = createServer((socket) => socket.on("error", () => undefined));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    await expect(openCsiClient({ endpoint: path, openTimeoutMs: 200 })).rejects.toMatchObject({ code: "not-ready" });
  } finally {
    server.close();
  }
});

test.each(["aborted", "unavailable"] as const)("a call answered %s is sent again until it is not", async (code) => {
  const { driver, client } = await start();
  using _fault = driver.failOn({ method: "CreateVolume", times: 3, action: { type: "error", code } });
  expect((await client.createVolume(create)).volume?.volumeId).not.toBe("");
  expect(sent(driver, "CreateVolume")).toBe(4);
});

test("retries are bounded, and the last word is the driver's", async () => {
  const { driver, client } = await start({}, { retry: { maxAttempts: 3, initialMs: 1 } });
  using _fault = driver.failOn({ method: "CreateVolume", action: { type: "error", code: "aborted", message: "still at it" } });
  await expect(client.createVolume(create)).rejects.toMatchObject({
    code: "aborted",
    outcome: "uncertain",
    message: `CreateVolume of "v1" on ${client.endpoint} failed with aborted: still at it`,
    details: { attempts: 3, driverMessage: "still at it", method: "CreateVolume" },
  });
  expect(sent(driver, "CreateVolume")).toBe(3);
});

test.each(["invalid-argument", "internal", "resource-exhausted", "not-found", "failed-precondition"] as const)(
  "a call answered %s is not sent again",
  async (code) => {
    const { driver, client } = await start();
    using _fault = driver.failOn({ method: "CreateVolume", action: { type: "error", code } });
    await expect(client.createVolume(create)).rejects.toMatchObject({
      code,
      outcome: code === "resource-exhausted" ? "uncertain" : "final",
    });
    expect(sent(driver, "CreateVolume")).toBe(1);
  },
);

test("a page that does not exist is not asked for again", async () => {
  const { driver, client } = await start();
  await expect(client.listVolumes({ startingToken: "nowhere" })).rejects.toMatchObject({ code: "aborted" });
  expect(sent(driver, "ListVolumes")).toBe(1);
});

test("a call whose answer is lost is sent again and finds the volume that it made", async () => {
  const { driver, client } = await start();
  using _fault = driver.failOn({ method: "CreateVolume", times: 1, action: { type: "lose" } });
  const { volume } = await client.createVolume(create);
  expect(driver.state.volumes.size).toBe(1);
  expect(driver.state.volumes.has(volume?.volumeId ?? "")).toBe(true);
});

test("a driver that restarts during a call is called again", async () => {
  const { driver, client } = await start({}, { retry: { maxAttempts: 20, initialMs: 10, maxMs: 50 }, reconnectMaxMs: 20 });
  const wedge = driver.failOn({ method: "CreateVolume", times: 1, action: { type: "hang" } });
  const call = client.createVolume(create);
  await until(() => sent(driver, "CreateVolume") === 1);
  await driver.stop();
  await driver.start();
  expect((await call).volume).toBeDefined();
  wedge[Symbol.dispose]();
});

test("a driver that hangs ends at the deadline, uncertain", async () => {
  const { driver, client } = await start();
  using _fault = driver.failOn({ method: "NodeGetInfo", action: { type: "hang" } });
  await expect(client.nodeGetInfo({}, { timeoutMs: 300 })).rejects.toMatchObject({ code: "deadline-exceeded", outcome: "uncertain" });
});

test("the caller's abort cancels the call at the driver and rethrows its reason", async () => {
  let isCancelled = false;
  const nodeGetInfo = (_request: object, { signal }: { readonly signal: AbortSignal }): Promise<never> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        isCancelled = true;
        reject(signal.reason as Error);
      });
    });
  const { driver, client } = await start({ override: { nodeGetInfo } });
  const controller = new AbortController();
  const call = client.nodeGetInfo({}, { signal: controller.signal });
  await until(() => sent(driver, "NodeGetInfo") === 1);
  controller.abort(new Error("had enough"));
  await expect(call).rejects.toThrow("had enough");
  await until(() => isCancelled);
});

test("calls about one volume go one after another, those about another do not wait", async () => {
  const { driver, client } = await start();
  const one = (await client.createVolume({ ...create, name: "one" })).volume?.volumeId ?? "";
  const other = (await client.createVolume({ ...create, name: "other" })).volume?.volumeId ?? "";
  const wedge = driver.failOn({ method: "CreateSnapshot", subject: one, times: 1, action: { type: "hang" } });
  const first = client.createSnapshot({ name: "s", sourceVolumeId: one });
  await until(() => sent(driver, "CreateSnapshot") === 1);
  const second = client.controllerExpandVolume({ volumeId: one, capacityRange: { requiredBytes: 2n ** 25n } });
  await client.controllerExpandVolume({ volumeId: other, capacityRange: { requiredBytes: 2n ** 25n } });
  await client.controllerGetVolume({ volumeId: one });
  expect(sent(driver, "ControllerExpandVolume")).toBe(1);
  wedge[Symbol.dispose]();
  await Promise.all([first, second]);
  expect(driver.calls.map(({ method }) => method).slice(-2)).toContain("ControllerExpandVolume");
});

test("waiting for one's turn counts against the deadline, and ends with the signal", async () => {
  const { driver, client } = await start();
  const wedge = driver.failOn({ method: "DeleteVolume", times: 1, action: { type: "hang" } });
  const first = client.deleteVolume({ volumeId: "x" });
  await until(() => sent(driver, "DeleteVolume") === 1);
  await expect(client.deleteVolume({ volumeId: "x" }, { timeoutMs: 50 })).rejects.toMatchObject({
    code: "deadline-exceeded",
    message: 'DeleteVolume of "x" did not begin within 50 ms: calls before it are still under way',
  });
  await expect(client.deleteVolume({ volumeId: "x" }, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ name: "TimeoutError" });
  wedge[Symbol.dispose]();
  await first;
  expect(sent(driver, "DeleteVolume")).toBe(1);
});

test("a caller's own deadline is rethrown as it is, while waiting too", async () => {
  const { driver, client } = await start();
  const wedge = driver.failOn({ method: "DeleteVolume", times: 1, action: { type: "hang" } });
  const first = client.deleteVolume({ volumeId: "x" });
  await until(() => sent(driver, "DeleteVolume") === 1);
  using mine = withDeadline({ timeoutMs: 20, what: "my own work" });
  await expect(client.deleteVolume({ volumeId: "x" }, { signal: mine.signal })).rejects.toSatisfy(isDeadlineError);
  wedge[Symbol.dispose]();
  await first;
});

test("the queue has a limit", async () => {
  const { driver, client } = await start({}, { maxQueuedCalls: 1 });
  const wedge = driver.failOn({ method: "DeleteVolume", action: { type: "hang" } });
  const calls = [client.deleteVolume({ volumeId: "x" }), client.deleteVolume({ volumeId: "x" })];
  await expect(client.deleteVolume({ volumeId: "x" })).rejects.toMatchObject({ code: "queue-full", outcome: "final" });
  wedge[Symbol.dispose]();
  await Promise.all(calls);
});

test.each([
  ["CreateVolume", {}, "there is no volume id"],
  ["CreateVolume", { volume: { volumeId: "v", capacityBytes: -1n } }, "the volume has -1 bytes"],
  ["CreateVolume", { volume: { volumeId: "v", capacityBytes: 5n } }, "the volume has 5 bytes, 4096 were required"],
  ["CreateVolume", { volume: { volumeId: "v", capacityBytes: 9000n } }, "the volume has 9000 bytes, past the limit of 8192"],
])("a driver that lies in its answer to %s (%o) is not believed", async (method, answer, complaint) => {
  const { driver, client } = await start();
  using _fault = driver.failOn({ method, action: { type: "answer", answer } });
  const call = client.createVolume({ ...create, capacityRange: { requiredBytes: 4096n, limitBytes: 8192n } });
  await expect(call).rejects.toMatchObject({ code: "bad-answer", outcome: "uncertain", message: expect.stringContaining(complaint) });
});

test("a driver without a name, a node without an id and a snapshot without one are not believed", async () => {
  const { driver, client } = await start();
  using _fault = driver.failOn({ method: "*", action: { type: "answer", answer: {} } });
  await expect(client.nodeGetInfo()).rejects.toMatchObject({ code: "bad-answer" });
  await expect(client.createSnapshot({ name: "s", sourceVolumeId: "v" })).rejects.toMatchObject({ code: "bad-answer" });
  await expect(openCsiClient({ endpoint: driver.endpoint })).rejects.toMatchObject({ code: "bad-answer" });
});

test("an answer past the limit of a message is resource-exhausted", async () => {
  const { driver, client } = await start({}, { maxMessageBytes: 4096 });
  using _fault = driver.failOn({ method: "NodeGetInfo", action: { type: "answer", answer: { nodeId: "n".repeat(10_000) } } });
  await expect(client.nodeGetInfo()).rejects.toMatchObject({ code: "resource-exhausted" });
});

test("calls of a closed client fail as closed", async () => {
  const { client } = await start();
  client.close();
  await expect(client.nodeGetInfo()).rejects.toMatchObject({ code: "closed", outcome: "final" });
});

test("closing ends calls under way, uncertain, and those that wait, final", async () => {
  const { driver, client } = await start({}, { retry: { initialMs: 200 } });
  using _hang = driver.failOn({ method: "DeleteVolume", action: { type: "hang" } });
  using _busy = driver.failOn({ method: "CreateVolume", action: { type: "error", code: "aborted", message: "busy" } });
  const settled = Promise.allSettled([
    client.deleteVolume({ volumeId: "x" }),
    client.deleteVolume({ volumeId: "x" }),
    client.createVolume(create),
  ]);
  await until(() => sent(driver, "DeleteVolume") === 1 && sent(driver, "CreateVolume") === 1);
  client.close();
  expect(await settled).toMatchObject([
    { reason: { code: "cancelled", outcome: "uncertain", details: { driverMessage: "the client was closed" } } },
    { reason: { code: "closed", outcome: "final" } },
    { reason: { outcome: "uncertain" } },
  ]);
});

test("unchecked calls are sent whatever the driver can do", async () => {
  const { driver } = await start({ without: ["listSnapshots"] });
  await using calls = createUncheckedCsiCalls({ endpoint: driver.endpoint });
  await expect(calls.listSnapshots()).rejects.toMatchObject({ code: "unimplemented" });
});

test("options that make no sense are refused", async () => {
  await expect(openCsiClient({ endpoint: "/x", timeoutMs: 0 })).rejects.toMatchObject({ code: "invalid-option" });
  await expect(openCsiClient({ endpoint: "/x", retry: { maxAttempts: Number.NaN } })).rejects.toMatchObject({ code: "invalid-option" });
});

test("calls are measured under the reference's name, with the driver's", async () => {
  const metrics = createRecordingMetrics();
  const { driver, client } = await start({ name: "d.example" }, { metrics });
  using _fault = driver.failOn({ method: "NodeGetInfo", action: { type: "error", code: "internal" } });
  await client.nodeGetInfo().catch(() => undefined);
  const labels = { driver_name: "d.example", method_name: "/csi.v1.Node/NodeGetInfo", grpc_status_code: "Internal", migrated: "false" };
  expect(metrics.observations("csi_operations_seconds", labels)).toHaveLength(1);
});
