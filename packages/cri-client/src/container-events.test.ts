import { afterEach, expect, test } from "vitest";
import { createRecordingMetrics } from "@nk/stdx/testing";
import { createCriClient } from "./client.ts";
import type { CriClient } from "./client.ts";
import type { ContainerEvent } from "./container-events.ts";
import { startFakeRuntime } from "./testing/index.ts";
import type { FakeRuntime, FakeRuntimeOptions } from "./testing/index.ts";

const disposals: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const dispose of disposals.splice(0).toReversed()) await dispose();
});

const start = async (options: FakeRuntimeOptions = {}): Promise<{ runtime: FakeRuntime; client: CriClient }> => {
  const runtime = await startFakeRuntime(options);
  const client = createCriClient({ endpoint: runtime.endpoint });
  disposals.push(
    async () => runtime[Symbol.asyncDispose](),
    async () => client.close(),
  );
  return { runtime, client };
};

const sleep = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await sleep(1);
};

const sandboxOf = (uid: string): object => ({ config: { metadata: { name: uid, uid, namespace: "default" } } });

const take = async (events: AsyncIterator<ContainerEvent>): Promise<ContainerEvent> => {
  const { value, done } = await events.next();
  if (done === true) throw new Error("the events have ended");
  return value;
};

test("begins with a gap and then tells what happens", async () => {
  const { client } = await start();
  const events = client.containerEvents()[Symbol.asyncIterator]();
  expect(await take(events)).toEqual({ type: "gap", cause: "connected" });
  const { podSandboxId } = await client.runPodSandbox(sandboxOf("u1"));
  expect(await take(events)).toMatchObject({ type: "event", event: { containerId: podSandboxId, podSandboxStatus: { id: podSandboxId } } });
});

test("the subscription stands when the first gap is told", async () => {
  const { runtime, client } = await start();
  for (let round = 0; round < 20; round += 1) {
    const events = client.containerEvents()[Symbol.asyncIterator]();
    await take(events);
    expect(runtime.eventSubscribers).toBe(1);
    await events.return?.();
    await until(() => runtime.eventSubscribers === 0);
  }
});

test("tells a gap after the stream was cut and goes on", async () => {
  const { runtime, client } = await start();
  const events = client.containerEvents()[Symbol.asyncIterator]();
  await take(events);
  runtime.cutConnections();
  expect(await take(events)).toEqual({ type: "gap", cause: "reconnected" });
  await client.runPodSandbox(sandboxOf("u1"));
  expect((await take(events)).type).toBe("event");
});

test("tells a gap within 500 ms after an outage", async () => {
  const { runtime, client } = await start();
  const events = client.containerEvents()[Symbol.asyncIterator]();
  await take(events);
  await runtime.stop();
  const next = take(events);
  await sleep(1000);
  await runtime.start();
  const startMs = performance.now();
  expect(await next).toEqual({ type: "gap", cause: "reconnected" });
  expect(performance.now() - startMs).toBeLessThan(500);
});

test("a reader that does not read never holds the runtime up, and is told of what it missed by one gap", async () => {
  const { runtime, client } = await start();
  const events = client.containerEvents({ capacity: 50 })[Symbol.asyncIterator]();
  await take(events);
  for (let pod = 0; pod < 400; pod += 1) {
    const { podSandboxId } = await client.runPodSandbox(sandboxOf(`u${String(pod)}`));
    await client.removePodSandbox({ podSandboxId });
  }
  await until(() => runtime.pendingEvents === 0);
  await client.version();
  expect(await take(events)).toEqual({ type: "gap", cause: "overflow" });
  let rest = 0;
  const { podSandboxId } = await client.runPodSandbox(sandboxOf("last"));
  for (let item = await take(events); item.type === "gap" || item.event.containerId !== podSandboxId; item = await take(events)) rest += 1;
  expect(rest).toBeLessThanOrEqual(50);
});

test("throws unimplemented for a runtime without events", async () => {
  const { client } = await start({ profile: "containerd-1.6" });
  const events = client.containerEvents()[Symbol.asyncIterator]();
  await expect(events.next()).rejects.toMatchObject({ code: "unimplemented" });
});

test("ends the stream when the signal aborts, with its reason, and when the reader leaves", async () => {
  const { runtime, client } = await start();
  const controller = new AbortController();
  const aborted = client.containerEvents({ signal: controller.signal })[Symbol.asyncIterator]();
  await take(aborted);
  const next = take(aborted);
  const reason = new Error("shutting down");
  controller.abort(reason);
  await expect(next).rejects.toBe(reason);
  await until(() => runtime.eventSubscribers === 0);

  for await (const event of client.containerEvents()) {
    expect(event.type).toBe("gap");
    break;
  }
  await until(() => runtime.eventSubscribers === 0);
});

test("waits for a runtime that is not there yet", async () => {
  const { runtime, client } = await start();
  await runtime.stop();
  const events = client.containerEvents()[Symbol.asyncIterator]();
  const first = take(events);
  await sleep(300);
  await runtime.start();
  expect(await first).toEqual({ type: "gap", cause: "connected" });
});

test("asks a runtime that refuses the stream ever more slowly", async () => {
  const { runtime } = await start();
  runtime.failOn("GetContainerEvents=error(unknown:events are disabled)");
  const metrics = createRecordingMetrics();
  const client = createCriClient({ endpoint: runtime.endpoint, metrics });
  disposals.push(async () => client.close());
  const controller = new AbortController();
  const first = client.containerEvents({ signal: controller.signal })[Symbol.asyncIterator]().next();
  await sleep(1500);
  controller.abort(new Error("enough"));
  await expect(first).rejects.toThrow("enough");
  // 50, 100, 200, 400 and 800 ms apart; without growth there would be ten.
  const calls = metrics.value("kubelet_runtime_operations_total", { operation_type: "get_container_events" });
  expect(calls).toBeGreaterThan(2);
  expect(calls).toBeLessThan(8);
});
