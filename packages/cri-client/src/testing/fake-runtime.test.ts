import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock } from "@nk/stdx/testing";
import { afterEach, expect, test } from "vitest";
import { createCriClient } from "../client.ts";
import type { CriClient } from "../client.ts";
import { startFakeRuntime } from "./fake-runtime.ts";
import type { FakeRuntime, FakeRuntimeOptions } from "./fake-runtime.ts";

const disposals: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const dispose of disposals.splice(0).toReversed()) await dispose();
});

interface Bench {
  readonly runtime: FakeRuntime;
  readonly client: CriClient;
  readonly runContainer: (logDirectory?: string) => Promise<{ readonly podSandboxId: string; readonly containerId: string }>;
}

const start = async (options: FakeRuntimeOptions = {}): Promise<Bench> => {
  const runtime = await startFakeRuntime({ images: ["busybox"], ...options });
  const client = createCriClient({ endpoint: runtime.endpoint });
  disposals.push(
    async () => runtime[Symbol.asyncDispose](),
    async () => client.close(),
  );
  const runContainer = async (logDirectory = ""): Promise<{ podSandboxId: string; containerId: string }> => {
    const sandboxConfig = { metadata: { name: "web", uid: "u1", namespace: "default" }, logDirectory };
    const { podSandboxId } = await client.runPodSandbox({ config: sandboxConfig });
    const config = { metadata: { name: "app" }, image: { image: "busybox" }, logPath: "app/0.log" };
    const { containerId } = await client.createContainer({ podSandboxId, config, sandboxConfig });
    await client.startContainer({ containerId });
    return { podSandboxId, containerId };
  };
  return { runtime, client, runContainer };
};

test("a program may end by itself after its time", async () => {
  const clock = createFakeClock();
  const { runtime, runContainer } = await start({ clock, program: () => ({ exitAfterMs: 500, exitCode: 3 }) });
  await runContainer();
  await clock.advance(499);
  expect(runtime.containers[0]?.state).toBe("running");
  await clock.advance(1);
  expect(runtime.containers[0]).toMatchObject({ state: "exited", exitCode: 3, reason: "Error" });
});

test("a program that ignores the stop signal is killed when the grace period ends", async () => {
  const clock = createFakeClock();
  const { runtime, client, runContainer } = await start({ clock, program: () => ({ ignoresStop: true }) });
  const { containerId } = await runContainer();
  const stopped = client.stopContainer({ containerId, timeout: 2n });
  while (clock.pendingCount === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await clock.advance(2000);
  await stopped;
  expect(runtime.containers[0]).toMatchObject({ state: "exited", exitCode: 137 });
});

test("pulls what it may and refuses the rest", async () => {
  const { runtime, client } = await start({ pullable: ["nginx"] });
  const { imageRef } = await client.pullImage({ image: { image: "nginx:latest" } });
  expect((await client.imageStatus({ image: { image: "docker.io/library/nginx" } })).image?.id).toBe(imageRef);
  await expect(client.pullImage({ image: { image: "apache" } })).rejects.toMatchObject({ code: "not-found" });
  expect(runtime.images.length).toBe(2);
});

test("writes logs in the runtime's format where the container's log is", async () => {
  const dir = mkdtempSync(join(tmpdir(), "nk-fake-logs-"));
  const clock = createFakeClock({ startMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678) });
  const { runtime, runContainer } = await start({ clock, logs: true, program: () => ({ output: "up\n" }) });
  const { containerId } = await runContainer(dir);
  runtime.writeLog(containerId, "one\ntw", "stderr");
  expect(readFileSync(join(dir, "app/0.log"), "utf8")).toBe(
    [
      "2026-01-02T03:04:05.678000000Z stdout F up\n",
      "2026-01-02T03:04:05.678000000Z stderr F one\n",
      "2026-01-02T03:04:05.678000000Z stderr P tw\n",
    ].join(""),
  );
  rmSync(dir, { recursive: true });
});

test("keeps its containers over an outage", async () => {
  const { runtime, client, runContainer } = await start();
  const { containerId } = await runContainer();
  await runtime.stop();
  await expect(client.version()).rejects.toMatchObject({ code: "unavailable" });
  await runtime.start();
  const status = async (): Promise<number | undefined> => {
    try {
      return (await client.containerStatus({ containerId })).status?.state;
    } catch {
      return status();
    }
  };
  expect(await status()).toBe(1);
});

test("vanishes at a fail point and comes back", async () => {
  const { runtime, client } = await start();
  runtime.failOn("Status=1*vanish");
  await expect(client.status()).rejects.toMatchObject({ code: "unavailable" });
  await runtime.start();
  expect(runtime.connectionCount).toBe(0);
});

test("a crashed sandbox is not ready and its containers are dead", async () => {
  const { runtime, client, runContainer } = await start();
  const { podSandboxId, containerId } = await runContainer();
  runtime.crashSandbox(podSandboxId);
  expect((await client.podSandboxStatus({ podSandboxId })).status).toMatchObject({ state: 1, network: { ip: "" } });
  expect((await client.containerStatus({ containerId })).status).toMatchObject({ state: 2, exitCode: 137 });
});

test("records every call with its request", async () => {
  const { runtime, client } = await start();
  await client.imageStatus({ image: { image: "busybox" } });
  expect(runtime.calls).toMatchObject([{ method: "ImageStatus", request: { image: { image: "busybox" } } }]);
  runtime.clearCalls();
  expect(runtime.calls).toEqual([]);
});

test("says when the network is not ready", async () => {
  const { runtime, client } = await start();
  runtime.setCondition("NetworkReady", { status: false, reason: "NetworkPluginNotReady", message: "cni plugin not initialized" });
  const { status } = await client.status();
  expect(status?.conditions.find(({ type }) => type === "NetworkReady")).toMatchObject({ status: false, reason: "NetworkPluginNotReady" });
});
