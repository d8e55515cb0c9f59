import { createFakeClock, createRecordingLogger, createRecordingMetrics } from "@nk/stdx/testing";
import { afterEach, describe, expect, test } from "vitest";
import { createCriClient } from "./client.ts";
import type { CriClient } from "./client.ts";
import { CriError } from "./errors.ts";
import type { CriClientOptions } from "./options.ts";
import { startFakeRuntime } from "./testing/index.ts";
import type { FakeRuntime, FakeRuntimeOptions } from "./testing/index.ts";

const open: { dispose(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.dispose();
});

const start = async (
  options: FakeRuntimeOptions = {},
  clientOptions: Partial<CriClientOptions> = {},
): Promise<{ runtime: FakeRuntime; client: CriClient }> => {
  const runtime = await startFakeRuntime(options);
  const client = createCriClient({ endpoint: runtime.endpoint, ...clientOptions });
  open.push({ dispose: async () => runtime[Symbol.asyncDispose]() }, { dispose: async () => client.close() });
  return { runtime, client };
};

const failureOf = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

const sleep = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));

describe("calls", () => {
  test("opens no connection before the first call, and one for all calls", async () => {
    const { runtime, client } = await start();
    expect(runtime.connectionCount).toBe(0);
    await Promise.all(Array.from({ length: 50 }, () => client.version()));
    await client.listImages();
    expect(runtime.connectionCount).toBe(1);
  });

  test("sends images to the image endpoint when it has one", async () => {
    const images = await startFakeRuntime();
    open.push({ dispose: async () => images[Symbol.asyncDispose]() });
    const { runtime, client } = await start({}, { imageEndpoint: images.endpoint });
    await client.version();
    await client.listImages();
    expect(runtime.callNames).toEqual(["Version"]);
    expect(images.callNames).toEqual(["ListImages"]);
  });

  test("takes partial requests", async () => {
    const { runtime, client } = await start();
    await client.runPodSandbox({ config: { metadata: { name: "web", uid: "u1", namespace: "default" } } });
    expect(runtime.sandboxes.map(({ config }) => config.metadata)).toEqual([{ name: "web", uid: "u1", namespace: "default", attempt: 0 }]);
  });

  test("gets answers over grpc's own limit of 4 MiB and refuses those over its own", async () => {
    const { client } = await start({ execute: () => ({ stdout: "x".repeat(6 * 1024 * 1024) }), images: ["busybox"] });
    const { podSandboxId } = await client.runPodSandbox({ config: { metadata: { name: "web", uid: "u1", namespace: "default" } } });
    const config = { metadata: { name: "app" }, image: { image: "busybox" } };
    const { containerId } = await client.createContainer({ podSandboxId, config });
    await client.startContainer({ containerId });
    expect((await client.execSync({ containerId, cmd: ["x"] })).stdout.length).toBe(6 * 1024 * 1024);
    const small = createCriClient({ endpoint: client.endpoint, maxMessageBytes: 1024 });
    open.push({ dispose: async () => small.close() });
    expect(await failureOf(small.execSync({ containerId, cmd: ["x"] }))).toMatchObject({ code: "resource-exhausted" });
  });

  test("reads streamed lists to their end, and cancels the call when the reader leaves", async () => {
    const { client } = await start({ images: Array.from({ length: 40 }, (_, index) => `image-${String(index)}`) });
    const images: string[] = [];
    for await (const part of client.streamImages()) images.push(...part.images.map(({ id }) => id));
    expect(images.length).toBe(40);
    for await (const part of client.streamImages()) {
      expect(part.images.length).toBe(1);
      break;
    }
  });

  test("fails a streamed list that the runtime does not have with unimplemented", async () => {
    const { client } = await start({ profile: "containerd-2.1" });
    const read = async (): Promise<void> => {
      for await (const _part of client.streamImages());
    };
    expect(await failureOf(read())).toMatchObject({ code: "unimplemented" });
  });

  test("refuses calls after close", async () => {
    const { client } = await start();
    await client.version();
    client.close();
    expect(await failureOf(client.version())).toMatchObject({ code: "closed" });
  });
});

describe("errors", () => {
  test.each(["not-found", "already-exists", "resource-exhausted", "unimplemented", "unavailable", "failed-precondition", "internal"])(
    "maps the runtime's %s to the code of that name",
    async (code) => {
      const { runtime, client } = await start();
      runtime.failOn(`Status=error(${code}:no such luck)`);
      const error = await failureOf(client.status());
      expect(error).toBeInstanceOf(CriError);
      expect(error).toMatchObject({ code, details: { method: "Status", runtimeMessage: "no such luck" } });
    },
  );

  test("says which errors may pass by themselves", async () => {
    const { runtime, client } = await start();
    runtime.failOn("Status=1*error(unavailable)->error(not-found)");
    expect(await failureOf(client.status())).toMatchObject({ retryable: true });
    expect(await failureOf(client.status())).toMatchObject({ retryable: false });
  });

  test("keeps credentials out of messages", async () => {
    const { runtime, client } = await start();
    runtime.failOn(
      "PullImage=error(unknown:GET https://user:hunter2@r.example/v2 failed, authorization: Basic dXNlcjpodW50ZXIy, Bearer abcdefghij0123456789; no basic auth credentials)",
    );
    const error = await failureOf(client.pullImage({ image: { image: "a" }, auth: { username: "user", password: "hunter2" } }));
    const text = `${String(error)} ${JSON.stringify(error)}`;
    expect(text).not.toMatch(/hunter2|dXNlcjpodW50ZXIy|abcdefghij/);
    expect(text).toContain("no basic auth credentials");
  });

  test("a connection cut under a call is unavailable, and the call's effect may have happened", async () => {
    const { runtime, client } = await start();
    runtime.failOn("RunPodSandbox=1*lose");
    const config = { metadata: { name: "web", uid: "u1", namespace: "default" } };
    expect(await failureOf(client.runPodSandbox({ config }))).toMatchObject({ code: "unavailable" });
    expect(runtime.sandboxes.length).toBe(1);
  });

  test("a server that closes its side without an answer does not leave the call hanging", async () => {
    const { runtime, client } = await start();
    await client.version();
    runtime.failOn("Status=1*half-close");
    expect(await failureOf(client.status({}, { timeoutMs: 2000 }))).toBeInstanceOf(CriError);
    await client.version();
  });
});

describe("deadlines and signals", () => {
  test("gives up after the client's timeout, and tells the runtime the deadline", async () => {
    const clock = createFakeClock();
    const { runtime, client } = await start({}, { clock, timeoutMs: 5000 });
    await client.version();
    runtime.failOn("Status=wedge");
    const failed = failureOf(client.status());
    while (!runtime.callNames.includes("Status")) await sleep(1);
    await clock.advance(4999);
    expect(clock.pendingCount).toBe(1);
    await clock.advance(1);
    expect(await failed).toMatchObject({ code: "deadline-exceeded", retryable: true });
    expect(clock.pendingCount).toBe(0);
  });

  test("a pull has no deadline of its own", async () => {
    const clock = createFakeClock();
    const { runtime, client } = await start({}, { clock, timeoutMs: 5000 });
    const wedge = runtime.wedge("slow");
    const pulled = client.pullImage({ image: { image: "slow" } });
    while (runtime.calls.length === 0) await sleep(1);
    await clock.advance(3_600_000);
    wedge[Symbol.dispose]();
    expect((await pulled).imageRef).toMatch(/^sha256:/);
  });

  test("rejects with the signal's reason, tells the runtime, and keeps no listener", async () => {
    const { runtime, client } = await start();
    const controller = new AbortController();
    runtime.failOn("Status=wedge");
    const failed = failureOf(client.status({}, { signal: controller.signal }));
    while (runtime.calls.length === 0) await sleep(1);
    const reason = new Error("no longer needed");
    controller.abort(reason);
    expect(await failed).toBe(reason);
    expect(await failureOf(client.status({}, { signal: controller.signal }))).toBe(reason);
    expect(runtime.callNames).toEqual(["Status"]);
  });

  test("one wedged sandbox does not hold up the others", async () => {
    const { runtime, client } = await start();
    const config = (uid: string): object => ({ metadata: { name: uid, uid, namespace: "default" } });
    const first = await client.runPodSandbox({ config: config("u1") });
    const second = await client.runPodSandbox({ config: config("u2") });
    runtime.wedge(first.podSandboxId);
    const controller = new AbortController();
    const stuck = failureOf(client.podSandboxStatus(first, { signal: controller.signal }));
    expect((await client.podSandboxStatus(second)).status?.metadata?.uid).toBe("u2");
    controller.abort(new Error("enough"));
    await stuck;
  });
});

describe("metrics and logs", () => {
  test("counts and times calls by the reference's operation types", async () => {
    const metrics = createRecordingMetrics();
    const { runtime, client } = await start({}, { metrics });
    runtime.failOn("PodSandboxStatus=error(not-found)");
    await client.version();
    await failureOf(client.podSandboxStatus({ podSandboxId: "x" }));
    expect(metrics.value("kubelet_runtime_operations_total", { operation_type: "version" })).toBe(1);
    expect(metrics.value("kubelet_runtime_operations_total", { operation_type: "podsandbox_status" })).toBe(1);
    expect(metrics.value("kubelet_runtime_operations_errors_total", { operation_type: "podsandbox_status" })).toBe(1);
  });

  test("logs the method and never the request", async () => {
    const logger = createRecordingLogger();
    const { client } = await start({}, { logger });
    await client.pullImage({ image: { image: "a" }, auth: { password: "hunter2" } });
    const text = JSON.stringify(logger.entries);
    expect(text).toContain("PullImage");
    expect(text).not.toContain("hunter2");
  });
});
