import type { ApiChange } from "@nk/tool-lab";
import { createChannel } from "@nk/stdx";
import { describe, expect, it } from "vitest";
import { computeSteps, openPodWatch } from "./pod-watch.ts";
import type { PodWatchOptions } from "./pod-watch.ts";

const pod = (name: string, more: object = {}, version = "7"): ApiChange["object"] => ({
  metadata: { name, resourceVersion: version },
  ...more,
});
const READY = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };

describe("the steps of a change", () => {
  it.each([
    ["a new pod", { type: "ADDED", object: pod("a") }, ["created"]],
    ["a pod that was bound", { type: "MODIFIED", object: pod("a", { spec: { nodeName: "n" } }) }, ["created", "bound"]],
    ["a pod that runs", { type: "MODIFIED", object: pod("a", { status: { phase: "Running" } }) }, ["created", "running"]],
    ["a ready pod", { type: "MODIFIED", object: pod("a", { status: READY }) }, ["created", "running", "ready"]],
    ["a pod that is gone", { type: "DELETED", object: pod("a") }, ["created", "gone"]],
  ] as const)("%s", (_name, change, steps) => {
    expect(computeSteps(change)).toEqual(steps);
  });
});

/** An API server whose watches show what the test sends, and end when it says so. */
const createServer = () => {
  const versions: string[] = [];
  let current = createChannel<ApiChange>({ capacity: 100, overflow: "reject" });
  const api: PodWatchOptions["api"] = {
    json: () => Promise.resolve({ metadata: { resourceVersion: "5" } }),
    watch: (_path, { resourceVersion, signal }) => {
      versions.push(resourceVersion);
      current = createChannel<ApiChange>({ capacity: 100, overflow: "reject" });
      signal.addEventListener("abort", () => current.close(), { once: true });
      return current;
    },
  };
  return { api, versions, send: (change: ApiChange) => void current.send(change), end: () => current.close() };
};

const open = async (server: ReturnType<typeof createServer>, nowMs: () => number = () => 0) => {
  const stop = new AbortController();
  const watch = await openPodWatch({ api: server.api, namespace: "ns", nowMs, reopenIn: () => Promise.resolve(), signal: stop.signal });
  return { watch, stop: () => stop.abort(new Error("the bench is over")) };
};

describe("a pod watch", () => {
  it("keeps the time at which each step was seen first", async () => {
    const server = createServer();
    let now = 10;
    const { watch, stop } = await open(server, () => now);
    server.send({ type: "ADDED", object: pod("a") });
    expect(await watch.until("a", "created")).toBe(10);
    now = 20;
    server.send({ type: "MODIFIED", object: pod("a", { status: READY }) });
    expect(await watch.until("a", "ready")).toBe(20);
    now = 30;
    server.send({ type: "MODIFIED", object: pod("a", { status: READY, spec: { nodeName: "n" } }) });
    expect(await watch.until("a", "bound")).toBe(30);
    expect(watch.take("a")).toEqual({ created: 10, running: 20, ready: 20, bound: 30 });
    expect(watch.take("a")).toEqual({});
    stop();
  });

  it("goes on where it was when the server ends it", async () => {
    const server = createServer();
    const { watch, stop } = await open(server);
    server.send({ type: "ADDED", object: pod("a", {}, "9") });
    await watch.until("a", "created");
    server.end();
    await expect.poll(() => server.versions).toEqual(["5", "9"]);
    server.send({ type: "ADDED", object: pod("b", {}, "10") });
    expect(await watch.until("b", "created")).toBe(0);
    stop();
  });

  it("fails everybody who waits when the server says that it is no use", async () => {
    const server = createServer();
    const { watch } = await open(server);
    const waiting = watch.until("a", "ready");
    server.send({ type: "ERROR", object: { code: 410 } });
    await expect(waiting).rejects.toThrow('the watch of pods failed: {"code":410}');
    await expect(watch.failed).rejects.toThrow("failed");
  });
});
