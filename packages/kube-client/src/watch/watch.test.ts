import { systemClock } from "@nk/stdx";
import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import type { RecordingMetrics } from "@nk/stdx/testing";
import type { Pod } from "@nk/pod-model";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKubeClient } from "../client.ts";
import type { KubeClient } from "../client.ts";
import { isKubeClientError } from "../errors.ts";
import type { KubeClientError } from "../errors.ts";
import { kinds } from "../kinds.ts";
import type { KubeClientOptions } from "../options.ts";
import { createTestAuthority, startFakeApiServer } from "../testing/index.ts";
import type { FakeApiServer, FakeApiServerOptions, IssuedCertificate, TestAuthority } from "../testing/index.ts";
import type { WatchItem } from "./item-buffer.ts";
import type { WatchOptions } from "./watch.ts";

let authority: TestAuthority;
let serving: IssuedCertificate;
beforeAll(async () => {
  authority = await createTestAuthority();
  serving = await authority.issueServer();
});
afterAll(async () => {
  await authority[Symbol.asyncDispose]();
});

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await systemClock.sleep(5);
};
const pod = (name: string, nodeName = "n1", phase = "Pending"): Pod => ({
  metadata: { name, namespace: "default" },
  spec: { nodeName, containers: [{ name: "c", image: "i" }] },
  status: { phase },
});
const nameOf = (item: Pod): string => item.metadata?.name ?? "";
const format = (item: WatchItem<Pod> | undefined): string => {
  if (item === undefined) return "end";
  return item.type === "synced"
    ? `synced ${item.items.map(nameOf).toSorted().join(",")}`
    : `${item.type} ${nameOf(item.object)} ${item.object.status?.phase}`;
};

interface Setup extends AsyncDisposable {
  readonly server: FakeApiServer;
  readonly client: KubeClient;
  readonly metrics: RecordingMetrics;
  readonly problems: KubeClientError[];
  /** The next item, as text. */
  readonly next: () => Promise<string>;
  readonly watchRequests: () => number;
  readonly listRequests: () => number;
  readonly relists: (reason: string) => number;
}

const setUp = async (
  options: {
    readonly server?: FakeApiServerOptions;
    readonly client?: Partial<KubeClientOptions>;
    readonly watch?: WatchOptions;
    readonly http2?: boolean;
    readonly pods?: readonly string[];
  } = {},
): Promise<Setup> => {
  const server = await startFakeApiServer({ ...options.server, tls: { serving, caPem: authority.caPem, http2: options.http2 } });
  for (const name of options.pods ?? ["a"]) server.put(kinds.pods, pod(name));
  const metrics = createRecordingMetrics();
  const client = createKubeClient({ access: server.access(), metrics, random: () => 0, ...options.client });
  const problems: KubeClientError[] = [];
  const watch = client.watch(
    kinds.pods,
    { fieldSelector: "spec.nodeName=n1" },
    { onProblem: (error) => problems.push(error), ...options.watch },
  );
  const iterator = watch[Symbol.asyncIterator]();
  const isWatch = (wanted: boolean): number => server.requests.filter(({ query }) => query.has("watch") === wanted).length;
  return {
    server,
    client,
    metrics,
    problems,
    next: async () => format((await iterator.next()).value as WatchItem<Pod> | undefined),
    watchRequests: () => isWatch(true),
    listRequests: () => isWatch(false),
    relists: (reason) => metrics.value("nk_kube_client_watch_relists_total", { resource: "pods", reason }),
    async [Symbol.asyncDispose]() {
      await iterator.return?.();
      client.close();
      await server[Symbol.asyncDispose]();
    },
  };
};

describe.each([true, false])("a watch (HTTP/2: %s)", (http2) => {
  it("tells everything there is, then each change, of the selection only", async () => {
    await using setup = await setUp({ http2, pods: ["a", "b"] });
    const { server, next } = setup;
    server.put(kinds.pods, pod("elsewhere", "n2"));
    expect(await next()).toBe("synced a,b");
    server.put(kinds.pods, pod("c"));
    server.put(kinds.pods, pod("elsewhere", "n2", "Running"));
    server.put(kinds.pods, pod("a", "n1", "Running"));
    server.remove(kinds.pods, { namespace: "default", name: "b" });
    expect([await next(), await next(), await next()]).toEqual(["added c Pending", "modified a Running", "deleted b Pending"]);
    expect(setup.listRequests()).toBe(0);
    expect(setup.watchRequests()).toBe(1);
    const { query } = setup.server.requests[0] ?? {};
    expect(Object.fromEntries(query ?? [])).toEqual({
      watch: "true",
      fieldSelector: "spec.nodeName=n1",
      allowWatchBookmarks: "true",
      timeoutSeconds: "300",
      sendInitialEvents: "true",
      resourceVersionMatch: "NotOlderThan",
    });
  });

  it("goes on where it was after the connection was reset: no list, nothing missed, nothing told twice", async () => {
    await using setup = await setUp({ http2 });
    const { server, next } = setup;
    expect(await next()).toBe("synced a");
    server.put(kinds.pods, pod("b"));
    expect(await next()).toBe("added b Pending");
    server.network.resetAll();
    server.put(kinds.pods, pod("c"));
    expect(await next()).toBe("added c Pending");
    expect(setup.watchRequests()).toBe(2);
    expect(setup.listRequests()).toBe(0);
    expect(setup.relists("expired")).toBe(0);
  });

  it("goes on after the server's own timeout without a pause or a problem", async () => {
    await using setup = await setUp({ http2 });
    const { server, next } = setup;
    expect(await next()).toBe("synced a");
    server.watches.endAll();
    await until(() => setup.watchRequests() === 2);
    server.put(kinds.pods, pod("b"));
    expect(await next()).toBe("added b Pending");
    expect(setup.problems).toEqual([]);
  });

  it("replaces a stream that falls silent while its connection goes on", async () => {
    await using setup = await setUp({ http2, watch: { idleMs: 80 } });
    const { server, next } = setup;
    expect(await next()).toBe("synced a");
    server.watches.stall();
    server.put(kinds.pods, pod("b"));
    expect(await next()).toBe("added b Pending");
    expect(setup.relists("expired")).toBe(0);
  });
});

describe("a watch", () => {
  it("lists first where the server refuses to stream initial events, from any version at hand, and remembers that", async () => {
    await using setup = await setUp({ server: { watchList: "refused" } });
    const { server, next, client } = setup;
    expect(await next()).toBe("synced a");
    expect(server.requests.filter(({ query }) => !query.has("watch")).map(({ query }) => query.get("resourceVersion"))).toEqual(["0"]);
    server.put(kinds.pods, pod("b"));
    expect(await next()).toBe("added b Pending");
    const second = client.watch(kinds.nodes)[Symbol.asyncIterator]();
    await second.next();
    await second.return?.();
    expect(server.requests.filter(({ query }) => query.has("sendInitialEvents")).length).toBe(1);
  });

  it("lists where the server does not know about initial events and streams something else", async () => {
    await using setup = await setUp({ server: { watchList: "ignored", bookmarkMs: 20 } });
    expect(await setup.next()).toBe("synced a");
    expect(setup.listRequests()).toBe(1);
    setup.server.put(kinds.pods, pod("b"));
    expect(await setup.next()).toBe("added b Pending");
  });

  it("lists and watches without initial events when told to", async () => {
    await using setup = await setUp({ watch: { watchList: false } });
    expect(await setup.next()).toBe("synced a");
    expect(setup.listRequests()).toBe(1);
    await until(() => setup.watchRequests() === 1);
    expect(setup.server.requests.at(-1)?.query.get("resourceVersion")).toBe(setup.server.requests.length > 0 ? "2" : "");
  });

  it.each([true, false])("lists anew when its version expired while it was away (initial events: %s)", async (watchList) => {
    await using setup = await setUp({ watch: { watchList } });
    const { server, next } = setup;
    expect(await next()).toBe("synced a");
    await server.network.stop();
    server.remove(kinds.pods, { namespace: "default", name: "a" });
    server.put(kinds.pods, pod("b"));
    server.compact();
    await server.network.start();
    expect(await next()).toBe("synced b");
    expect(setup.relists("expired")).toBe(1);
    server.put(kinds.pods, pod("c"));
    expect(await next()).toBe("added c Pending");
  });

  it("lists anew when the server says in the stream that the version expired", async () => {
    await using setup = await setUp();
    const { server, next } = setup;
    expect(await next()).toBe("synced a");
    const status = {
      kind: "Status",
      apiVersion: "v1",
      status: "Failure",
      reason: "Expired",
      code: 410,
      message: "too old resource version: 1 (2)",
    };
    server.watches.inject(`${JSON.stringify({ type: "ERROR", object: status })}\n`);
    expect(await next()).toBe("synced a");
    expect(setup.relists("expired")).toBe(1);
    expect(setup.problems[0]).toMatchObject({ code: "gone", status: 410 });
  });

  it("only starts the stream anew after an ERROR event of another kind", async () => {
    await using setup = await setUp();
    const { server, next } = setup;
    expect(await next()).toBe("synced a");
    const status = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "InternalError", code: 500, message: "etcd is away" };
    server.watches.inject(`${JSON.stringify({ type: "ERROR", object: status })}\n`);
    server.put(kinds.pods, pod("b"));
    expect(await next()).toBe("added b Pending");
    expect(setup.relists("expired")).toBe(0);
    expect(setup.problems[0]).toMatchObject({ code: "internal" });
  });

  it("asks for the most recent version when the server went back behind the known one", async () => {
    await using setup = await setUp();
    expect(await setup.next()).toBe("synced a");
    setup.server.put(kinds.pods, { ...pod("far") });
    expect(await setup.next()).toBe("added far Pending");
    const far = { type: "BOOKMARK", object: { kind: "Pod", metadata: { resourceVersion: "999999" } } };
    setup.server.watches.inject(`${JSON.stringify(far)}\n`);
    setup.server.watches.endAll();
    expect(await setup.next()).toBe("synced a,far");
    expect(setup.relists("expired")).toBe(1);
  }, 20_000);

  it.each([
    ["no JSON", "{garbage\n"],
    ["half an event", '{"type":"ADDED"}\n'],
    ["an event of an unknown type", '{"type":"RENAMED","object":{"metadata":{"name":"x","resourceVersion":"9"}}}\n'],
    ["an object without a version", '{"type":"ADDED","object":{"metadata":{"name":"x"}}}\n'],
    ["a line that is too long", `{"type":"ADDED","object":"${"x".repeat(3_000)}"}\n`],
    ["a line that is too long and never ends", "x".repeat(3_000)],
  ])("lists anew, and counts it, after %s", async (_what, text) => {
    await using setup = await setUp({ client: { maxEventBytes: 2_000 } });
    const { server, next } = setup;
    expect(await next()).toBe("synced a");
    server.watches.inject(text);
    expect(await next()).toBe("synced a");
    expect(setup.relists("bad-event")).toBe(1);
    expect(setup.metrics.value("nk_kube_client_watch_parse_errors_total", { resource: "pods" })).toBe(1);
    server.put(kinds.pods, pod("b"));
    expect(await next()).toBe("added b Pending");
  });

  it("does not take a cut-off line for an event", async () => {
    await using setup = await setUp();
    const { server, next } = setup;
    expect(await next()).toBe("synced a");
    server.watches.inject('{"type":"DELETED","object":{"metadata":{"name":"a","namespace":"default","resourceVersion":"99"}}}');
    server.watches.endAll();
    server.put(kinds.pods, pod("b"));
    expect(await next()).toBe("added b Pending");
  });

  it("follows bookmarks, so that a quiet watch does not expire", async () => {
    await using setup = await setUp({ server: { bookmarkMs: 20 } });
    const { server, next } = setup;
    expect(await next()).toBe("synced a");
    for (let index = 0; index < 5; index += 1) server.put(kinds.configMaps, { metadata: { name: `c${index}`, namespace: "default" } });
    server.compact();
    await systemClock.sleep(60);
    server.network.resetAll();
    server.put(kinds.pods, pod("b"));
    expect(await next()).toBe("added b Pending");
    expect(setup.relists("expired")).toBe(0);
  });

  it("holds no more changes than allowed for a slow reader: it lists anew once the reader is back", async () => {
    await using setup = await setUp({ watch: { bufferItems: 5 } });
    const { server, next } = setup;
    expect(await next()).toBe("synced a");
    for (let index = 0; index < 50; index += 1) server.put(kinds.pods, pod(`p${index}`));
    await until(() => setup.relists("overflow") === 1);
    await until(() => server.watches.count === 0);
    server.remove(kinds.pods, { namespace: "default", name: "a" });
    const requests = server.requests.length;
    await systemClock.sleep(30);
    expect(server.requests.length).toBe(requests);
    const synced = await next();
    expect(synced.startsWith("synced p0,p1,p10")).toBe(true);
    expect(synced).not.toContain("a,");
  });

  it("backs off while the server is away, the first retry at once, and tells each problem", async () => {
    await using setup = await setUp();
    const { server, next } = setup;
    expect(await next()).toBe("synced a");
    await server.network.stop();
    await until(() => setup.problems.length >= 2);
    await systemClock.sleep(100);
    expect(setup.problems.length).toBe(2);
    expect(setup.problems.map(({ code }) => code)).toEqual(["connection-lost", "connect-failed"]);
    await server.network.start();
    server.put(kinds.pods, pod("b"));
    expect(await next()).toBe("added b Pending");
  });

  it("goes on as soon as any other request reaches the server again, however long it would have waited", async () => {
    await using setup = await setUp({ client: { random: () => 0.999 } });
    const { server, client, next } = setup;
    expect(await next()).toBe("synced a");
    await server.network.stop();
    // The wait that begins now lasts over a second and a half.
    await until(() => setup.problems.length >= 3);
    await server.network.start();
    server.put(kinds.pods, pod("b"));
    let returns = 0;
    using _returns = client.onReachable(() => (returns += 1));
    const startMs = systemClock.monotonicMs();
    await client.get(kinds.pods, { namespace: "default", name: "a" });
    expect(await next()).toBe("added b Pending");
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(1_400);
    expect(returns).toBe(1);
  });

  it("waits as long as a 429 asks", async () => {
    await using setup = await setUp();
    const { server, next } = setup;
    using _busy = server.fail({ watch: true, times: 1, action: { type: "status", status: 429, retryAfterSeconds: 1 } });
    const startMs = systemClock.monotonicMs();
    expect(await next()).toBe("synced a");
    expect(systemClock.monotonicMs() - startMs).toBeGreaterThan(900);
    expect(setup.problems[0]).toMatchObject({ code: "too-many-requests", retryAfterMs: 1_000 });
  });

  it("does not wait for ever for a stream to open", async () => {
    await using setup = await setUp({ client: { timeoutMs: 500 } });
    using _hang = setup.server.fail({ watch: true, times: 1, action: { type: "hang" } });
    expect(await setup.next()).toBe("synced a");
    expect(setup.problems[0]).toMatchObject({ code: "timeout", message: "cannot watch pods: no answer within 500 ms" });
  });

  it("is left alone while it is quiet, up to its idle limit and not only to that of the initial events", async () => {
    const clock = createFakeClock();
    await using setup = await setUp({ client: { clock, pingIntervalMs: Infinity, pingTimeoutMs: Infinity, idleMs: Infinity } });
    expect(await setup.next()).toBe("synced a");
    await clock.advance(179_000);
    expect(setup.watchRequests()).toBe(1);
    await clock.advance(2_000);
    await until(() => setup.watchRequests() === 2);
    expect(setup.problems).toEqual([]);
  });

  it("goes on trying when it is forbidden, unless told to stop", async () => {
    await using server = await startFakeApiServer();
    using _fault = server.fail({ action: { type: "status", status: 403, reason: "Forbidden", message: "no path from node to object" } });
    await using client = createKubeClient({ access: server.access() });
    const iterator = client.watch(kinds.secrets, { namespace: "a" }, { stopOn: ["forbidden"] })[Symbol.asyncIterator]();
    await expect(iterator.next()).rejects.toSatisfy((error) => isKubeClientError(error, "forbidden"));
    expect((await iterator.next()).done).toBe(true);
  });

  it("ends with its signal, with the client, and when one leaves the loop", async () => {
    await using setup = await setUp();
    const { client, server } = setup;
    const controller = new AbortController();
    const reason = new Error("enough");
    const aborted = client.watch(kinds.pods, {}, { signal: controller.signal })[Symbol.asyncIterator]();
    await aborted.next();
    const pending = aborted.next();
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
    for await (const item of client.watch(kinds.pods)) if (item.type === "synced") break;
    await until(() => server.watches.count === 0);
    const last = client.watch(kinds.pods)[Symbol.asyncIterator]();
    await last.next();
    const closed = last.next();
    client.close();
    await expect(closed).rejects.toSatisfy((error) => isKubeClientError(error, "closed"));
  });

  it("finds a half-open connection by a ping and goes on over a new one", async () => {
    await using setup = await setUp({ client: { pingIntervalMs: 50, pingTimeoutMs: 500 } });
    const { server, next } = setup;
    expect(await next()).toBe("synced a");
    server.network.blackhole();
    server.put(kinds.pods, pod("b"));
    expect(await next()).toBe("added b Pending");
    expect(setup.metrics.value("nk_kube_client_connections_lost_total", { lane: "watch", cause: "ping-timeout" })).toBe(1);
  });
});
