import { createFakeClock } from "@nk/stdx/testing";
import { afterEach, describe, expect, test } from "vitest";
import { createCriClient } from "./client.ts";
import type { CriClient } from "./client.ts";
import { createRuntimePodView } from "./runtime-pod-view.ts";
import type { RuntimePodView } from "./runtime-pod-view.ts";
import { startFakeRuntime } from "./testing/index.ts";
import type { FakeRuntime, FakeRuntimeOptions } from "./testing/index.ts";

const disposals: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const dispose of disposals.splice(0).toReversed()) await dispose();
});

interface Bench {
  readonly runtime: FakeRuntime;
  readonly client: CriClient;
  readonly view: RuntimePodView;
  /** Makes a sandbox with the kubelet's labels. */
  readonly sandbox: (uid: string, attempt?: number) => Promise<string>;
  readonly container: (sandboxId: string, uid: string, metadata: { readonly name: string; readonly attempt: number }) => Promise<string>;
}

const labelsOf = (uid: string): { [key: string]: string } => ({
  "io.kubernetes.pod.uid": uid,
  "io.kubernetes.pod.name": `pod-${uid}`,
  "io.kubernetes.pod.namespace": "default",
});

const start = async (options: FakeRuntimeOptions = {}): Promise<Bench> => {
  const runtime = await startFakeRuntime({ images: ["busybox"], ...options });
  const client = createCriClient({ endpoint: runtime.endpoint });
  disposals.push(
    async () => runtime[Symbol.asyncDispose](),
    async () => client.close(),
  );
  return {
    runtime,
    client,
    view: createRuntimePodView(client, { clock: createFakeClock({ startMs: 42 }) }),
    sandbox: async (uid, attempt = 0) => {
      const config = { metadata: { name: `pod-${uid}`, uid, namespace: "default", attempt }, labels: labelsOf(uid) };
      return (await client.runPodSandbox({ config })).podSandboxId;
    },
    container: async (podSandboxId, uid, metadata) => {
      const config = { metadata, image: { image: "busybox" }, labels: labelsOf(uid) };
      const { containerId } = await client.createContainer({ podSandboxId, config });
      await client.startContainer({ containerId });
      return containerId;
    },
  };
};

const query = (
  uid: string,
  sandboxIds: readonly string[],
  containerIds: readonly string[],
): Parameters<RuntimePodView["getPodStatus"]>[0] => ({
  uid,
  name: `pod-${uid}`,
  namespace: "default",
  sandboxIds,
  containerIds,
});

describe("listPods", () => {
  test("groups by pod UID, newest first, and leaves out what the kubelet did not make", async () => {
    const { client, view, sandbox, container } = await start();
    const old = await sandbox("u1", 0);
    const oldApp = await container(old, "u1", { name: "app", attempt: 0 });
    await client.stopPodSandbox({ podSandboxId: old });
    const young = await sandbox("u1", 1);
    const youngApp = await container(young, "u1", { name: "app", attempt: 1 });
    await sandbox("u2");
    await client.runPodSandbox({ config: { metadata: { name: "stranger", uid: "x", namespace: "default" } } });

    const pods = await view.listPods();
    expect(pods.map(({ uid }) => uid).toSorted()).toEqual(["u1", "u2"]);
    const first = pods.find(({ uid }) => uid === "u1");
    expect(first).toMatchObject({ name: "pod-u1", namespace: "default" });
    expect(first?.sandboxes.map(({ id, state }) => ({ id, state }))).toEqual([
      { id: young, state: "ready" },
      { id: old, state: "notready" },
    ]);
    expect(first?.containers.map(({ id, sandboxId, state }) => ({ id, sandboxId, state }))).toEqual([
      { id: youngApp, sandboxId: young, state: "running" },
      { id: oldApp, sandboxId: old, state: "exited" },
    ]);
  });
});

test("listPods of one UID asks the runtime for that pod alone", async () => {
  const { runtime, view, sandbox } = await start();
  await sandbox("u1");
  await sandbox("u2");
  runtime.clearCalls();
  expect((await view.listPods({ uid: "u2" })).map(({ uid }) => uid)).toEqual(["u2"]);
  expect(await view.listPods({ uid: "u3" })).toEqual([]);
  const filter = { labelSelector: { "io.kubernetes.pod.uid": "u2" } };
  expect(runtime.calls.slice(0, 2)).toMatchObject([{ request: { filter } }, { request: { filter } }]);
});

describe("getPodStatus", () => {
  test("gives statuses, the IPs of the newest ready sandbox, and the time before the first call", async () => {
    const { runtime, view, sandbox, container } = await start();
    const sandboxId = await sandbox("u1");
    const containerId = await container(sandboxId, "u1", { name: "app", attempt: 3 });
    runtime.exitContainer(containerId, 137, "OOMKilled");
    const status = await view.getPodStatus(query("u1", [sandboxId], [containerId]));
    expect(status).toMatchObject({
      uid: "u1",
      observedAtMs: 42,
      ips: runtime.sandboxes[0]?.ips,
      sandboxes: [{ id: sandboxId, network: "pod" }],
      containers: [
        { id: containerId, sandboxId, name: "app", attempt: 3, state: "exited", exitCode: 137, reason: "OOMKilled", image: "busybox" },
      ],
    });
  });

  test("makes one call per sandbox and container", async () => {
    const { runtime, view, sandbox, container } = await start();
    const sandboxId = await sandbox("u1");
    const ids = [await container(sandboxId, "u1", { name: "a", attempt: 0 }), await container(sandboxId, "u1", { name: "b", attempt: 0 })];
    runtime.clearCalls();
    await view.getPodStatus(query("u1", [sandboxId], ids));
    expect(runtime.callNames.toSorted()).toEqual(["ContainerStatus", "ContainerStatus", "PodSandboxStatus"]);
  });

  test("knows the sandbox of each container of a pod with two sandboxes", async () => {
    const { client, view, sandbox, container } = await start();
    const old = await sandbox("u1", 0);
    const oldApp = await container(old, "u1", { name: "app", attempt: 0 });
    await client.stopPodSandbox({ podSandboxId: old });
    const young = await sandbox("u1", 1);
    const youngApp = await container(young, "u1", { name: "app", attempt: 1 });
    const status = await view.getPodStatus(query("u1", [young, old], [oldApp, youngApp]));
    expect(status.containers.map(({ id, sandboxId }) => [id, sandboxId])).toEqual([
      [youngApp, young],
      [oldApp, old],
    ]);
  });

  test("leaves out what has vanished since it was listed, and asks the runtime for ids it was not given", async () => {
    const { view, sandbox, container } = await start();
    const sandboxId = await sandbox("u1");
    const containerId = await container(sandboxId, "u1", { name: "app", attempt: 0 });
    const status = await view.getPodStatus(query("u1", [sandboxId, "gone"], [containerId, "gone"]));
    expect(status.sandboxes.map(({ id }) => id)).toEqual([sandboxId]);
    expect(status.containers.map(({ id }) => id)).toEqual([containerId]);
    const found = await view.getPodStatus({ uid: "u1", name: "pod-u1", namespace: "default" });
    expect(found).toEqual(status);
  });

  test("uses the containers that come with the sandbox once it has seen a runtime give them", async () => {
    const { runtime, view, sandbox, container } = await start({ containersInSandboxStatus: true });
    const sandboxId = await sandbox("u1");
    const containerId = await container(sandboxId, "u1", { name: "app", attempt: 0 });
    const first = await view.getPodStatus(query("u1", [sandboxId], [containerId]));
    runtime.clearCalls();
    expect(await view.getPodStatus(query("u1", [sandboxId], [containerId]))).toEqual(first);
    expect(runtime.callNames).toEqual(["PodSandboxStatus"]);
  });

  test("a sandbox on the node's network has no IPs", async () => {
    const { client, view } = await start();
    const config = {
      metadata: { name: "h", uid: "u1", namespace: "default" },
      labels: labelsOf("u1"),
      linux: { securityContext: { namespaceOptions: { network: 2 } } },
    } as const;
    const { podSandboxId } = await client.runPodSandbox({ config });
    const status = await view.getPodStatus(query("u1", [podSandboxId], []));
    expect(status).toMatchObject({ ips: [], sandboxes: [{ network: "node" }] });
  });

  test("passes on every error but not-found", async () => {
    const { runtime, view, sandbox } = await start();
    const sandboxId = await sandbox("u1");
    runtime.failOn("PodSandboxStatus=error(internal)");
    await expect(view.getPodStatus(query("u1", [sandboxId], []))).rejects.toMatchObject({ code: "internal" });
  });
});

test("watchEvents names the pod, and the container or the sandbox itself", async () => {
  const { view, sandbox, container } = await start();
  const events = view.watchEvents()[Symbol.asyncIterator]();
  expect((await events.next()).value).toEqual({ type: "gap", cause: "connected" });
  const sandboxId = await sandbox("u1");
  expect((await events.next()).value).toEqual({ type: "event", change: "created", uid: "u1", sandboxId, containerId: sandboxId });
  expect((await events.next()).value).toEqual({ type: "event", change: "started", uid: "u1", sandboxId, containerId: sandboxId });
  const containerId = await container(sandboxId, "u1", { name: "app", attempt: 0 });
  expect((await events.next()).value).toEqual({ type: "event", change: "created", uid: "u1", sandboxId, containerId });
  await events.return?.();
});
