import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, it, vi } from "vitest";
import { ask } from "./client.ts";
import { openNode } from "./node.ts";
import type { TestNode } from "./node.ts";
import { openBackend, readToEnd, upgrade } from "./streams.ts";
import type { Backend } from "./streams.ts";

const EXEC = "/exec/default/api1/api1?command=sh&command=-c&command=a%20b&input=1&output=1&error=1";

const nodeWith = (backend: Backend, options: Parameters<typeof openNode>[0] = {}): Promise<TestNode> =>
  openNode({ ...options, ports: { streaming: backend.port, ...options.ports } });

const sha = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

const untilNoConnection = (backend: Backend): Promise<unknown> => vi.waitFor(async () => expect(await backend.connections()).toBe(0));

/** Reads a connection until the other side has closed it, then closes this side. */
const untilGone = (socket: Duplex): Promise<void> =>
  new Promise((resolve) => {
    socket.once("end", () => socket.destroy());
    socket.once("close", () => resolve());
    socket.resume();
  });

/** A backend that leaves its side of each connection to the test. */
const openManualBackend = async (): Promise<{ readonly backend: Backend; readonly sockets: Duplex[] }> => {
  const sockets: Duplex[] = [];
  const backend = await openBackend({ onSocket: (socket) => void sockets.push(socket) });
  return { backend, sockets };
};

describe("exec, attach and port-forward", () => {
  it("passes any bytes on, both ways, and the answer's head with them", async () => {
    await using backend = await openBackend();
    await using node = await nodeWith(backend);
    const { status, headers, socket } = await upgrade(node.server, { path: EXEC });
    expect([status, headers.upgrade, headers["x-backend"]]).toEqual([101, "test/1", "yes"]);
    const sent = randomBytes(5_000_000);
    socket.end(sent);
    expect(sha(await readToEnd(socket))).toBe(sha(sent));
    await untilNoConnection(backend);
  });

  it("asks the runtime with what the request says", async () => {
    await using backend = await openBackend();
    await using node = await nodeWith(backend);
    const paths = [
      EXEC,
      "/exec/default/api1/uid-1/api1?command=id&output=1&error=1&tty=1",
      "/attach/default/api1/api1?input=1&output=1&tty=1",
      "/portForward/default/api1",
      "/portForward/default/api1/uid-1",
    ];
    for (const path of paths) (await upgrade(node.server, { path })).socket.destroy();
    expect(backend.asked).toEqual(
      [
        ["exec", { containerId: "c1", command: ["sh", "-c", "a b"], stdin: true, stdout: true, stderr: true, tty: false }],
        ["exec", { containerId: "c1", command: ["id"], stdin: false, stdout: true, stderr: false, tty: true }],
        ["attach", { containerId: "c1", stdin: true, stdout: true, stderr: false, tty: false }],
        ["portForward", { sandboxId: "s1", ports: [] }],
        ["portForward", { sandboxId: "s1", ports: [] }],
      ].map(([verb, asking]) => [verb === "portForward" ? "portforward" : verb, asking]),
    );
  });

  it("passes headers on but credentials", async () => {
    await using backend = await openBackend();
    await using node = await nodeWith(backend);
    const headers = { "X-Stream-Protocol-Version": ["v5.channel.k8s.io", "v4.channel.k8s.io"], "X-Forwarded-For": "192.0.2.7" };
    (await upgrade(node.server, { path: EXEC, headers })).socket.destroy();
    const [seen] = backend.requests;
    expect([seen?.method, seen?.url]).toEqual(["POST", "/exec/token-1?x=1"]);
    expect(seen?.headers).toMatchObject({
      host: "node-1:10250",
      upgrade: "test/1",
      "x-stream-protocol-version": "v5.channel.k8s.io, v4.channel.k8s.io",
      "x-forwarded-for": "192.0.2.7, 127.0.0.1",
    });
    expect(JSON.stringify(seen?.rawHeaders)).not.toContain("admin");
  });

  it("ends each direction on its own", async () => {
    const { backend, sockets } = await openManualBackend();
    await using _backend = backend;
    await using node = await nodeWith(backend);
    const { socket } = await upgrade(node.server, { path: EXEC });
    const [remote] = sockets;
    if (remote === undefined) throw new Error("no connection");
    const input = readToEnd(remote);
    socket.end("all of stdin");
    expect((await input).toString()).toBe("all of stdin");
    const output = readToEnd(socket);
    remote.write("later ");
    remote.end("output");
    expect((await output).toString()).toBe("later output");
    await untilNoConnection(backend);
  });

  it("gives everything to a client whose other side has already closed", async () => {
    const { backend, sockets } = await openManualBackend();
    await using _backend = backend;
    await using node = await nodeWith(backend);
    const { socket } = await upgrade(node.server, { path: EXEC });
    const sent = randomBytes(3_000_000);
    sockets[0]?.end(sent);
    const received = await readToEnd(socket);
    expect(sha(received)).toBe(sha(sent));
    socket.end();
    await untilNoConnection(backend);
  });

  it("holds the runtime back when the client reads slowly, and loses nothing", async () => {
    const { backend, sockets } = await openManualBackend();
    await using _backend = backend;
    await using node = await nodeWith(backend);
    const { socket } = await upgrade(node.server, { path: EXEC });
    const [remote] = sockets;
    if (remote === undefined) throw new Error("no connection");
    const sent = randomBytes(100_000_000);
    remote.end(sent);
    // Time enough for all of it to pass, if nothing held it back.
    for (let round = 0; round < 50; round += 1) await ask(node.server, { path: "/healthz", token: "admin" });
    expect(remote.writableLength).toBeGreaterThan(60_000_000);
    expect(sha(await readToEnd(socket))).toBe(sha(sent));
  });

  it.each(["client", "runtime"])("closes the other side when the %s is killed", async (killed) => {
    const { backend, sockets } = await openManualBackend();
    await using _backend = backend;
    const metrics = createRecordingMetrics();
    await using node = await nodeWith(backend, { server: { metrics, serverType: "readwrite" } });
    const { socket } = await upgrade(node.server, { path: EXEC });
    const remote = sockets[0];
    socket.resume();
    const inflight = (): number =>
      metrics.value("kubelet_http_inflight_requests", { method: "POST", path: "exec", server_type: "readwrite", long_running: "true" });
    expect(inflight()).toBe(1);
    if (remote === undefined) throw new Error("no connection");
    const other = untilGone(killed === "client" ? remote : socket);
    if (killed === "client") socket.destroy();
    else (remote as unknown as { resetAndDestroy(): void }).resetAndDestroy();
    await other;
    await vi.waitFor(() => expect(inflight()).toBe(0));
    await untilNoConnection(backend);
  });

  it("closes a half-closed connection on which nothing moves any more", async () => {
    const { backend, sockets } = await openManualBackend();
    await using _backend = backend;
    const clock = createFakeClock();
    await using node = await nodeWith(backend, { switches: { limits: { clock, lingerMs: 1000 } } });
    const { socket } = await upgrade(node.server, { path: EXEC });
    socket.resume();
    socket.end();
    await vi.waitFor(() => expect(clock.pendingCount).toBe(1));
    sockets[0]?.write("still alive");
    await once(socket, "data");
    await clock.advance(1000);
    expect(await backend.connections()).toBe(1);
    const gone = untilGone(socket);
    await clock.advance(1000);
    await gone;
    // Who has read the end of a connection learns of its reset by writing.
    await vi.waitFor(async () => {
      sockets[0]?.write("anybody there?");
      expect(await backend.connections()).toBe(0);
    });
    expect(clock.pendingCount).toBe(0);
  });

  it("relays the runtime's refusal with its body", async () => {
    await using backend = await openBackend({
      onUpgrade: (_request, socket) => socket.end("HTTP/1.1 403 Forbidden\r\nContent-Type: text/x\r\nContent-Length: 9\r\n\r\nno so far"),
    });
    await using node = await nodeWith(backend);
    const { status, headers, body } = await upgrade(node.server, { path: EXEC });
    expect([status, headers["content-type"], body]).toEqual([403, "text/x", "no so far"]);
    await untilNoConnection(backend);
  });

  it("takes nothing else than an upgrade or an error for an answer", async () => {
    await using backend = await openBackend({
      onUpgrade: (_request, socket) => socket.end("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"),
    });
    await using node = await nodeWith(backend);
    expect(await upgrade(node.server, { path: EXEC })).toMatchObject({ status: 500, body: "invalid upgrade response: status code 302\n" });
  });

  it("says that the runtime cannot be reached, and gives up when it does not answer", async () => {
    const backend = await openBackend();
    await backend[Symbol.asyncDispose]();
    await using node = await nodeWith(backend);
    const gone = await upgrade(node.server, { path: EXEC });
    expect([gone.status, gone.body]).toEqual([500, "cannot reach the runtime's streaming server: ECONNREFUSED"]);

    const clock = createFakeClock();
    await using silent = await openBackend({ onUpgrade: (_request, socket) => void untilGone(socket) });
    await using patient = await nodeWith(silent, { switches: { limits: { clock, backendTimeoutMs: 500 } } });
    const pending = upgrade(patient.server, { path: EXEC });
    await vi.waitFor(() => expect(silent.requests).toHaveLength(1));
    await clock.advance(500);
    expect(await pending).toMatchObject({ status: 500, body: "cannot reach the runtime's streaming server: deadline-exceeded" });
    await untilNoConnection(silent);
  });

  it("leaves the runtime alone when the client has gone before it answers", async () => {
    await using silent = await openBackend({ onUpgrade: (_request, socket) => void untilGone(socket) });
    await using node = await nodeWith(silent);
    const sent = upgrade(node.server, { path: EXEC, token: "admin" });
    sent.catch(() => undefined);
    await vi.waitFor(() => expect(silent.requests).toHaveLength(1));
    await node.server[Symbol.asyncDispose]();
    await expect(sent).rejects.toThrow("socket hang up");
    await untilNoConnection(silent);
  });

  it("ends streams when it closes", async () => {
    await using backend = await openBackend();
    await using node = await nodeWith(backend);
    const { socket } = await upgrade(node.server, { path: EXEC });
    const gone = untilGone(socket);
    await node.server[Symbol.asyncDispose]();
    await expect(gone).resolves.toBeUndefined();
    await untilNoConnection(backend);
  });

  it("asks the runtime for nothing when the client is refused", async () => {
    await using backend = await openBackend();
    await using node = await nodeWith(backend, { reviews: { mayAccess: () => false } });
    expect(await upgrade(node.server, { path: EXEC, token: "nobody" })).toMatchObject({ status: 401, body: "Unauthorized" });
    expect(await upgrade(node.server, { path: EXEC })).toMatchObject({
      status: 403,
      body: "Forbidden (user=admin, verb=create, resource=nodes, subresource(s)=[proxy])\n",
    });
    expect([backend.asked, backend.requests]).toEqual([[], []]);
  });

  it("has a limit of its own, which short requests do not share", async () => {
    await using backend = await openBackend();
    await using node = await nodeWith(backend, { server: { maxLongRunning: 1, maxRequests: 1 } });
    const { socket } = await upgrade(node.server, { path: EXEC });
    expect(await upgrade(node.server, { path: EXEC })).toMatchObject({ status: 429 });
    expect((await ask(node.server, { path: "/healthz", token: "admin" })).status).toBe(200);
    socket.destroy();
    await vi.waitFor(async () => {
      const next = await upgrade(node.server, { path: EXEC });
      next.socket.destroy();
      expect(next.status).toBe(101);
    });
  });

  it("answers as always where a route does not want the upgrade, and refuses one with a body", async () => {
    await using backend = await openBackend();
    await using node = await nodeWith(backend);
    expect(await upgrade(node.server, { path: "/healthz", method: "GET" })).toMatchObject({ status: 200, body: "ok" });
    const headers = { "Content-Length": "5" };
    expect(await upgrade(node.server, { path: EXEC, headers })).toMatchObject({ status: 400 });
    expect(backend.asked).toEqual([]);
  });

  it.each([
    ["/portForward/default/api1", 'query parameter "port" is required'],
    ["/portForward/default/api1?port=", 'query parameter "port" cannot be empty'],
    ["/portForward/default/api1?port=0", 'port "0" must be > 0'],
    ["/portForward/default/api1?port=1,x", 'unable to parse "1,x" as a port: it is no number from 1 to 65535'],
  ])("refuses %s over a WebSocket", async (path, body) => {
    const metrics = createRecordingMetrics();
    await using backend = await openBackend();
    await using node = await nodeWith(backend, { switches: { metrics } });
    const headers = { Upgrade: "websocket" };
    expect(await upgrade(node.server, { path, method: "GET", headers })).toMatchObject({ status: 400, body });
    await upgrade(node.server, { path, method: "GET" });
    expect(metrics.value("kubelet_websocket_streaming_requests_total", { subresource: "portforward" })).toBe(1);
  });

  it.each([
    ["/exec/default/api1/other-uid/api1?output=1", 404, "pod not found"],
    ["/portForward/default/nope", 404, "pod does not exist"],
    ["/exec/default/api1", 404, "404: Page Not Found"],
    ["/exec/default/api1/nope?output=1&command=ls", 500, 'container not found ("nope")'],
    ["/attach/default/api1/nope?output=1", 500, "container nope not found in pod api1_default"],
  ])("answers %s with %i", async (path, status, body) => {
    await using backend = await openBackend();
    await using node = await nodeWith(backend);
    expect(await upgrade(node.server, { path })).toMatchObject({ status, body });
  });
});
