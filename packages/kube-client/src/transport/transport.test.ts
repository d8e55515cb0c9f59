import { getEventListeners } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@nk/stdx";
import { createFakeClock, createRecordingLogger, createRecordingMetrics } from "@nk/stdx/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKubeClient } from "../client.ts";
import { isKubeClientError, KubeClientError } from "../errors.ts";
import { kinds } from "../kinds.ts";
import type { KubeClientOptions } from "../options.ts";
import { createTestAuthority, startFakeApiServer } from "../testing/index.ts";
import type { FakeApiServer, FakeApiServerOptions, IssuedCertificate, TestAuthority } from "../testing/index.ts";

let authority: TestAuthority;
let serving: IssuedCertificate;
let dir: string;
beforeAll(async () => {
  authority = await createTestAuthority();
  serving = await authority.issueServer({ names: ["apiserver.internal"] });
  dir = await mkdtemp(join(tmpdir(), "nk-transport-"));
});
afterAll(async () => {
  await authority[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

const startServer = (
  options: FakeApiServerOptions & { readonly http2?: boolean; readonly requireClient?: boolean } = {},
): Promise<FakeApiServer> =>
  startFakeApiServer({ ...options, tls: { serving, caPem: authority.caPem, http2: options.http2, requireClient: options.requireClient } });
const clientOf = (server: FakeApiServer, options: Partial<KubeClientOptions> = {}): ReturnType<typeof createKubeClient> =>
  createKubeClient({ access: server.access(), ...options });
const failureOf = async (promise: Promise<unknown>): Promise<KubeClientError> => {
  const error: unknown = await promise.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  if (error instanceof KubeClientError) return error;
  throw error;
};
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await systemClock.sleep(5);
};
const node = { metadata: { name: "n" } };

describe("connections", () => {
  it("are kept apart by lane: lease, status, events, watch and the rest", async () => {
    await using server = await startServer();
    await using client = clientOf(server);
    server.put(kinds.nodes, node);
    await client.create(kinds.leases, { metadata: { name: "n", namespace: "kube-node-lease" } });
    await client.patch(kinds.nodes, { name: "n", type: "merge", body: { status: {} } }, { subresource: "status" });
    await client.create(kinds.events, { metadata: { name: "e", namespace: "default" }, involvedObject: {} });
    await client.get(kinds.nodes, { name: "n" });
    await client.get(kinds.nodes, { name: "n" });
    const connections = server.requests.map(({ connection }) => connection);
    expect(new Set(connections.slice(0, 4)).size).toBe(4);
    expect(connections[4]).toBe(connections[3]);
  });

  it("are added when the server's limit of requests at once is reached, and removed when idle", async () => {
    const clock = createFakeClock();
    await using server = await startServer({ maxConcurrentStreams: 10, clock });
    await using client = clientOf(server, { rateLimit: { qps: -1, burst: 1 }, idleMs: 100 });
    server.put(kinds.nodes, node);
    await client.get(kinds.nodes, { name: "n" });
    // Nothing is answered before all of them have arrived.
    using _slow = server.fail({ action: { type: "delay", delayMs: 100 } });
    const answers = Promise.all(Array.from({ length: 35 }, () => client.get(kinds.nodes, { name: "n" })));
    await until(() => server.requests.length === 36);
    expect(server.network.totalCount).toBe(4);
    await clock.advance(100);
    await answers;
    await until(() => server.network.connectionCount === 0);
  });

  it("carry one request each over HTTP/1.1, and are reused", async () => {
    await using server = await startServer({ http2: false });
    await using client = clientOf(server);
    server.put(kinds.nodes, node);
    using slow = server.fail({ action: { type: "delay", delayMs: 30 } });
    await Promise.all(Array.from({ length: 5 }, () => client.get(kinds.nodes, { name: "n" })));
    expect(server.network.totalCount).toBe(5);
    slow[Symbol.dispose]();
    for (let index = 0; index < 5; index += 1) await client.get(kinds.nodes, { name: "n" });
    expect(server.network.totalCount).toBe(5);
  });

  it("wait for each other when the limit of connections is reached, and refuse beyond the limit of waiters", async () => {
    await using server = await startServer({ http2: false });
    await using client = clientOf(server, { maxHttp1ConnectionsPerLane: 1, maxWaiting: 2 });
    server.put(kinds.nodes, node);
    await client.get(kinds.nodes, { name: "n" });
    using _slow = server.fail({ action: { type: "delay", delayMs: 30 } });
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => client.get(kinds.nodes, { name: "n" })));
    expect(results.filter(({ status }) => status === "fulfilled").length).toBe(3);
    expect(results.filter((result) => result.status === "rejected" && isKubeClientError(result.reason, "queue-full")).length).toBe(2);
    expect(server.network.totalCount).toBe(1);
  });

  it("end with the client: requests under way and later ones are refused as closed", async () => {
    await using server = await startServer();
    const client = clientOf(server);
    using _hang = server.fail({ action: { type: "hang" } });
    const pending = failureOf(client.get(kinds.nodes, { name: "n" }));
    await until(() => server.requests.length === 1);
    client.close();
    expect(["closed", "connection-lost"]).toContain((await pending).code);
    expect((await failureOf(client.get(kinds.nodes, { name: "n" }))).code).toBe("closed");
    await until(() => server.network.connectionCount === 0);
  });
});

describe("a connection whose packets vanish", () => {
  it("is found by a ping while a request waits, and the request is sent again", async () => {
    await using server = await startServer();
    const metrics = createRecordingMetrics();
    await using client = clientOf(server, { pingIntervalMs: 60, pingTimeoutMs: 500, metrics });
    server.put(kinds.nodes, node);
    await client.get(kinds.nodes, { name: "n" });
    server.network.blackhole();
    await client.get(kinds.nodes, { name: "n" });
    expect(metrics.value("nk_kube_client_connections_lost_total", { lane: "main", cause: "ping-timeout" })).toBe(1);
    expect(server.network.totalCount).toBe(2);
  });

  it("fails what may have had its effect instead of repeating it, and the next request gets a new connection", async () => {
    await using server = await startServer();
    await using client = clientOf(server, { pingIntervalMs: 60, pingTimeoutMs: 500 });
    const lease = { metadata: { name: "n", namespace: "kube-node-lease" } };
    const created = await client.create(kinds.leases, lease);
    server.network.blackhole();
    const lost = await failureOf(client.replace(kinds.leases, { ...created, spec: { holderIdentity: "n" } }));
    expect(lost.code).toBe("connection-lost");
    expect(lost.details.mayHaveHadEffect).toBe(true);
    expect((await client.replace(kinds.leases, { ...created, spec: { holderIdentity: "n" } })).spec?.holderIdentity).toBe("n");
  });

  it("is left by its deadline over HTTP/1.1", async () => {
    await using server = await startServer({ http2: false });
    await using client = clientOf(server);
    server.put(kinds.nodes, node);
    await client.get(kinds.nodes, { name: "n" });
    server.network.blackhole();
    expect((await failureOf(client.get(kinds.nodes, { name: "n" }, { timeoutMs: 80 }))).code).toBe("timeout");
    await client.get(kinds.nodes, { name: "n" });
    expect(server.network.totalCount).toBe(2);
  });

  it("is not waited for when connecting either", async () => {
    await using server = await startServer();
    await using client = clientOf(server, { connectTimeoutMs: 60 });
    using _network = server.network.blackhole({ isTotal: true });
    const error = await failureOf(client.get(kinds.nodes, { name: "n" }));
    expect(error.code).toBe("connect-failed");
    expect(error.details.mayHaveHadEffect).toBe(false);
  });
});

describe("a server that ends things", () => {
  it("is asked again over a new connection after GOAWAY, with nothing lost", async () => {
    await using server = await startServer();
    await using client = clientOf(server);
    server.put(kinds.nodes, node);
    using _fault = server.fail({ times: 1, action: { type: "goaway" } });
    await client.get(kinds.nodes, { name: "n" });
    await client.get(kinds.nodes, { name: "n" });
    expect(server.network.totalCount).toBe(2);
  });

  it("is asked again for what GOAWAY or REFUSED_STREAM says was not done, even if it is not idempotent", async () => {
    await using server = await startServer();
    await using client = clientOf(server);
    for (const type of ["refuse-stream", "goaway-before"] as const) {
      using _fault = server.fail({ method: "POST", times: 1, action: { type } });
      await client.create(kinds.configMaps, { metadata: { name: type, namespace: "default" } });
    }
    expect(server.list(kinds.configMaps).length).toBe(2);
  });

  it("is given the configured time to finish what goes on over a connection that it wants to end", async () => {
    await using server = await startServer();
    await using client = clientOf(server, { drainMs: 60 });
    using _goaway = server.fail({ watch: true, times: 1, action: { type: "goaway" } });
    const events = client.watch(kinds.nodes)[Symbol.asyncIterator]();
    await events.next();
    const watchCount = (): number => server.requests.filter(({ query }) => query.has("watch")).length;
    expect(watchCount()).toBe(1);
    await until(() => watchCount() === 2);
    await events.return?.();
  });

  it("is asked again for reads after a reset, but not for a creation that may have happened", async () => {
    await using server = await startServer();
    await using client = clientOf(server);
    server.put(kinds.nodes, node);
    using _reads = server.fail({ method: "GET", times: 2, action: { type: "reset" } });
    await client.get(kinds.nodes, { name: "n" });
    using _writes = server.fail({ method: "POST", times: 1, action: { type: "reset-after" } });
    const error = await failureOf(client.create(kinds.configMaps, { metadata: { name: "c", namespace: "default" } }));
    expect(error.code).toBe("connection-lost");
    expect(error.details.mayHaveHadEffect).toBe(true);
    expect(server.list(kinds.configMaps).length).toBe(1);
  });

  it.each([true, false])("does not pass off half an answer as a whole one (HTTP/2: %s)", async (http2) => {
    await using server = await startServer({ http2 });
    await using client = clientOf(server);
    server.put(kinds.configMaps, { metadata: { name: "c", namespace: "default" }, data: { a: "x".repeat(10_000) } });
    using _always = server.fail({ method: "GET", action: { type: "truncate", afterBytes: 500 } });
    expect((await failureOf(client.get(kinds.configMaps, { namespace: "default", name: "c" }))).code).toBe("connection-lost");
  });

  it("is found again after it was away", async () => {
    await using server = await startServer();
    await using client = clientOf(server);
    server.put(kinds.nodes, node);
    await client.get(kinds.nodes, { name: "n" });
    await server.network.stop();
    expect((await failureOf(client.get(kinds.nodes, { name: "n" }))).code).toBe("connect-failed");
    await server.network.start();
    await client.get(kinds.nodes, { name: "n" });
  });
});

describe("TLS", () => {
  it("refuses a server whose certificate the authority did not sign, or which is for another name", async () => {
    await using other = await createTestAuthority();
    await using server = await startServer();
    const access = server.access();
    await using strange = createKubeClient({ access: { ...access, ca: { pem: other.caPem } } });
    const unsigned = await failureOf(strange.get(kinds.nodes, { name: "n" }));
    expect(unsigned).toMatchObject({ code: "connect-failed" });
    expect(unsigned.message).toMatch(/cannot get nodes n: cannot connect to https.*not signed by the configured authority/u);
    await using named = createKubeClient({ access: { ...access, tlsServerName: "elsewhere.internal" } });
    expect((await failureOf(named.get(kinds.nodes, { name: "n" }))).message).toMatch(/for another name/u);
    await using right = createKubeClient({ access: { ...access, tlsServerName: "apiserver.internal" } });
    expect(await right.getText("/readyz")).toBe("ok");
    await using careless = createKubeClient({ access: { server: access.server, skipTlsVerify: true } });
    expect(await careless.getText("/readyz")).toBe("ok");
  });

  it("takes up a new authority and a new serving certificate without a restart", async () => {
    await using other = await createTestAuthority();
    await using server = await startServer();
    const ca = join(dir, "ca.crt");
    await writeFile(ca, authority.caPem);
    await using client = createKubeClient({ access: { server: server.url, ca: { file: ca } } });
    expect(await client.getText("/readyz")).toBe("ok");
    server.useServingCertificate(await other.issueServer());
    server.network.resetAll();
    expect((await failureOf(client.getText("/readyz"))).code).toBe("connect-failed");
    await writeFile(ca, other.caPem);
    expect(await client.getText("/readyz")).toBe("ok");
  });

  it("uses a rotated client certificate at once when told, for new requests on new connections, while old requests go on", async () => {
    await using server = await startServer({ requireClient: true });
    const pem = join(dir, "kubelet-client-current.pem");
    const write = async (user: string): Promise<void> => {
      const { certificatePem, keyPem } = await authority.issueClient(user);
      await writeFile(pem, certificatePem + keyPem);
    };
    await write("first");
    const certificate = { certificate: { file: pem }, key: { file: pem } };
    await using client = createKubeClient({ access: server.access({ certificate }) });
    server.put(kinds.nodes, node);
    await client.get(kinds.nodes, { name: "n" });
    using _slow = server.fail({ times: 1, action: { type: "delay", delayMs: 80 } });
    const old = client.get(kinds.nodes, { name: "n" });
    await until(() => server.requests.length === 2);
    await write("second");
    client.refreshCredentials();
    await client.get(kinds.nodes, { name: "n" });
    await old;
    expect(server.requests.map(({ clientName }) => clientName)).toEqual(["first", "first", "second"]);
    await until(() => server.network.connectionCount === 1);
  });
});

describe("a request", () => {
  it("ends with its signal, at any stage, with the signal's reason", async () => {
    await using server = await startServer();
    await using client = clientOf(server);
    const reason = new Error("enough");
    await expect(client.get(kinds.nodes, { name: "n" }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    using _hang = server.fail({ action: { type: "hang" } });
    const controller = new AbortController();
    const pending = client.get(kinds.nodes, { name: "n" }, { signal: controller.signal });
    await until(() => server.requests.length === 1);
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
  });

  it("leaves nothing behind on a signal that lives long", async () => {
    await using server = await startServer();
    await using client = clientOf(server);
    const { signal } = new AbortController();
    server.put(kinds.nodes, node);
    for (let index = 0; index < 20; index += 1) await client.get(kinds.nodes, { name: "n" }, { signal });
    await failureOf(client.get(kinds.nodes, { name: "none" }, { signal }));
    for await (const item of client.watch(kinds.nodes, {}, { signal })) if (item.type === "synced") break;
    expect(getEventListeners(signal, "abort").length).toBe(0);
  });

  it("ends with its deadline when the headers are slow", async () => {
    await using server = await startServer();
    await using client = clientOf(server);
    server.put(kinds.nodes, node);
    // The connection is there before time is short.
    await client.get(kinds.nodes, { name: "n" });
    using _slow = server.fail({ action: { type: "delay", delayMs: 300 } });
    const error = await failureOf(client.get(kinds.nodes, { name: "n" }, { timeoutMs: 40 }));
    expect(error.code).toBe("timeout");
    expect(error.message).toBe("cannot get nodes n: no answer within 40 ms");
  });

  it("is retried after 429 and Retry-After whatever it does, and after 5xx only when it may be done twice", async () => {
    await using server = await startServer();
    const metrics = createRecordingMetrics();
    await using client = clientOf(server, { metrics });
    server.put(kinds.nodes, node);
    using _busy = server.fail({ times: 3, action: { type: "status", status: 429, retryAfterSeconds: 0 } });
    await client.create(kinds.configMaps, { metadata: { name: "c", namespace: "default" } });
    using _down = server.fail({ times: 1, action: { type: "status", status: 503, retryAfterSeconds: 0 } });
    await client.get(kinds.nodes, { name: "n" });
    using _broken = server.fail({ times: 1, method: "POST", action: { type: "status", status: 500, retryAfterSeconds: 0 } });
    const error = await failureOf(client.create(kinds.configMaps, { metadata: { name: "d", namespace: "default" } }));
    expect(error).toMatchObject({ code: "internal", status: 500, retryAfterMs: 0 });
    const host = new URL(server.url).host;
    expect(metrics.value("rest_client_request_retries_total", { code: "429", verb: "POST", host })).toBe(2);
    expect(metrics.value("rest_client_request_retries_total", { code: "201", verb: "POST", host })).toBe(1);
  });

  it("is given up after the configured number of retries, or at once when it is to wait beyond its deadline", async () => {
    await using server = await startServer();
    await using client = clientOf(server, { maxRetries: 4 });
    using busy = server.fail({ action: { type: "status", status: 429, retryAfterSeconds: 0 } });
    expect((await failureOf(client.get(kinds.nodes, { name: "n" }))).code).toBe("too-many-requests");
    expect(server.requests.length).toBe(5);
    busy[Symbol.dispose]();
    using _long = server.fail({ action: { type: "status", status: 429, retryAfterSeconds: 100 } });
    expect((await failureOf(client.get(kinds.nodes, { name: "n" }))).retryAfterMs).toBe(100_000);
  });

  it("is not retried without Retry-After", async () => {
    await using server = await startServer();
    await using client = clientOf(server);
    using _fault = server.fail({ action: { type: "status", status: 503 } });
    expect((await failureOf(client.get(kinds.nodes, { name: "n" }))).code).toBe("unavailable");
    expect(server.requests.length).toBe(1);
  });

  it("fails clearly when the answer is no JSON or no object", async () => {
    await using server = await startServer();
    await using client = clientOf(server);
    for (const text of ["<html>502 from a proxy</html>", '"text"', "[]", ""]) {
      using _fault = server.fail({ action: { type: "body", text } });
      expect((await failureOf(client.get(kinds.nodes, { name: "n" }))).code).toBe("bad-answer");
    }
    using _list = server.fail({ times: 1, action: { type: "body", text: '{"items":{}}' } });
    expect((await failureOf(client.list(kinds.nodes))).code).toBe("bad-answer");
    using _error = server.fail({ times: 1, action: { type: "body", status: 502, text: `bad gateway ${"x".repeat(10_000)}` } });
    const proxied = await failureOf(client.get(kinds.nodes, { name: "n" }));
    expect(proxied.code).toBe("unavailable");
    expect(proxied.message.length).toBeLessThan(1_100);
    using _huge = server.fail({ times: 1, action: { type: "body", status: 500, text: "x".repeat(100_000) } });
    expect((await failureOf(client.get(kinds.nodes, { name: "n" }))).code).toBe("too-large");
  });

  it("waits for its turn under the rate limit, but leases and urgent requests do not", async () => {
    await using server = await startServer();
    await using client = clientOf(server, { rateLimit: { qps: 0.01, burst: 1 } });
    server.put(kinds.nodes, node);
    await client.get(kinds.nodes, { name: "n" });
    const held = failureOf(client.get(kinds.nodes, { name: "n" }, { timeoutMs: 60 }));
    await client.get(kinds.nodes, { name: "n" }, { priority: "urgent" });
    await client.create(kinds.leases, { metadata: { name: "n", namespace: "kube-node-lease" } });
    expect((await held).code).toBe("timeout");
  });

  it("has no secret in its errors and logs", async () => {
    await using server = await startServer({ tokens: ["other"] });
    const logger = createRecordingLogger();
    const token = "top-secret-token-0123456789";
    await using client = createKubeClient({ access: server.access({ token }), logger });
    const errors = [await failureOf(client.getText(`/readyz?token=${token}`))];
    using _echo = server.fail({ action: { type: "status", status: 400, message: `bad header Bearer ${token}` } });
    errors.push(await failureOf(client.get(kinds.nodes, { name: "n" })));
    server.network.resetAll();
    await server.network.stop();
    errors.push(await failureOf(client.get(kinds.nodes, { name: "n" })));
    const describeError = (error: unknown): string =>
      error instanceof Error ? `${error.message} ${error.stack} ${JSON.stringify(error)} ${describeError(error.cause)}` : String(error);
    expect(errors.map(describeError).join()).not.toContain("top-secret");
    expect(JSON.stringify(logger.entries)).not.toContain("top-secret");
  });
});
