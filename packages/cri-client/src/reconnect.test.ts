import { mkdirSync, rmSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { createCriClient } from "./client.ts";
import type { CriClient } from "./client.ts";
import type { CriClientOptions } from "./options.ts";
import { startFakeRuntime } from "./testing/index.ts";
import type { FakeRuntime } from "./testing/index.ts";

const disposals: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const dispose of disposals.splice(0).toReversed()) await dispose();
});

const start = async (options: Partial<CriClientOptions> = {}): Promise<{ runtime: FakeRuntime; client: CriClient }> => {
  const runtime = await startFakeRuntime();
  const client = createCriClient({ endpoint: runtime.endpoint, ...options });
  disposals.push(
    async () => runtime[Symbol.asyncDispose](),
    async () => client.close(),
  );
  await client.version();
  return { runtime, client };
};

const sleep = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));

/** Calls until one succeeds; milliseconds from the start of it to the first success. */
const firstSuccessMs = async (client: CriClient): Promise<number> => {
  const startMs = performance.now();
  for (;;) {
    try {
      await client.version();
      return performance.now() - startMs;
    } catch {
      await sleep(5);
    }
  }
};

/** Calls all the time while the runtime is away, as a kubelet does, for as long as that and until so many have failed. */
const suffer = async (client: CriClient, outageMs: number, leastFailures = 1): Promise<void> => {
  const endMs = performance.now() + outageMs;
  let failures = 0;
  while (performance.now() < endMs || failures < leastFailures) {
    await client.version().catch(() => (failures += 1));
    await sleep(20);
  }
};

test("fails fast while the runtime is away and succeeds within 300 ms of its return", async () => {
  const { runtime, client } = await start();
  await runtime.stop();
  // Far longer than it takes the back-off to reach its maximum; the peer lane has the 20 s.
  await suffer(client, 1000, 21);
  await runtime.start();
  expect(await firstSuccessMs(client)).toBeLessThan(300);
});

test("succeeds within 300 ms after many short outages", async () => {
  const { runtime, client } = await start();
  for (let round = 0; round < 5; round += 1) {
    await runtime.stop();
    await suffer(client, 150);
    await runtime.start();
    expect(await firstSuccessMs(client)).toBeLessThan(300);
  }
});

test("sees the socket come back and does not wait for the back-off", async () => {
  const { runtime, client } = await start({ reconnectInitialMs: 60_000, reconnectMaxMs: 60_000 });
  await runtime.stop();
  await suffer(client, 200, 4);
  await runtime.start();
  expect(await firstSuccessMs(client)).toBeLessThan(300);
});

test("does not need the watch of the directory to be back within 300 ms", async () => {
  const { runtime, client } = await start();
  await runtime.stop();
  const folder = runtime.socketPath.slice(0, runtime.socketPath.lastIndexOf("/"));
  rmSync(folder, { recursive: true });
  await suffer(client, 600);
  mkdirSync(folder);
  await runtime.start();
  expect(await firstSuccessMs(client)).toBeLessThan(300);
});

test("connects to a runtime that starts after the client", async () => {
  const { runtime, client } = await start();
  await runtime.stop();
  const late = createCriClient({ endpoint: runtime.endpoint });
  disposals.push(async () => late.close());
  await expect(late.version()).rejects.toMatchObject({ code: "unavailable" });
  await runtime.start();
  expect(await firstSuccessMs(late)).toBeLessThan(300);
  expect(await firstSuccessMs(client)).toBeLessThan(300);
});

test("calls under way when the connection is cut fail as unavailable and the next one succeeds", async () => {
  const { runtime, client } = await start();
  const wedge = runtime.failOn("Status=wedge");
  const underWay = Array.from({ length: 10 }, () => client.status().catch((error: unknown) => error));
  while (runtime.callNames.filter((name) => name === "Status").length < 10) await sleep(1);
  runtime.cutConnections();
  for (const failure of await Promise.all(underWay)) expect(failure).toMatchObject({ code: "unavailable", retryable: true });
  wedge[Symbol.dispose]();
  expect(await firstSuccessMs(client)).toBeLessThan(300);
});
