import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";
import { createFakeClock, createRecordingLogger, createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, it, vi } from "vitest";
import type { HttpServer, LogsPort } from "../../src/index.ts";
import { ask, untilClosed } from "./client.ts";
import { openNode } from "./node.ts";

const open = async (server: HttpServer): Promise<TLSSocket> => {
  const socket = connect({ host: "127.0.0.1", port: server.port, rejectUnauthorized: false });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
};

/** Everything until the server closes; it may do so by a reset, when it had not read all. */
const rest = (socket: TLSSocket): Promise<string> =>
  new Promise((resolve) => {
    let text = "";
    socket.on("data", (part: Buffer) => {
      text += part.toString("latin1");
    });
    socket.once("close", () => resolve(text));
  });

const isWell = async (server: HttpServer): Promise<boolean> => (await ask(server, { path: "/healthz", token: "admin" })).status === 200;

describe("a hostile client", () => {
  it("that sends its headers in part, in drops or not at all is cut off", async () => {
    await using node = await openNode({ server: { headersTimeoutMs: 600 } });
    const part = await open(node.server);
    part.write("GET /healthz HTTP/1.1\r\nHost: x\r\n");
    const partial = rest(part);
    const [drops, silent] = [await open(node.server), await open(node.server)];
    const answers = Promise.all([partial, rest(drops), rest(silent)]);
    drops.write("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    // A drop that meets the closed connection fails, and takes the answer with it if that was not read yet: only its end is sure.
    const dripping = vi.waitUntil(() => !drops.write("a") && drops.destroyed, { interval: 50, timeout: 5000 });
    const [partAnswer, dropsAnswer] = await answers;
    expect(partAnswer).toMatch(/^HTTP\/1\.1 408 /);
    expect(dropsAnswer).not.toMatch(/^HTTP\/1\.1 200/);
    dripping.catch(() => undefined);
    expect(await isWell(node.server)).toBe(true);
  });

  it("that sends its body slowly is cut off", async () => {
    await using node = await openNode({ server: { headersTimeoutMs: 600, requestTimeoutMs: 1000 } });
    const socket = await open(node.server);
    socket.write("PUT /debug/flags/v HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\nContent-Length: 10\r\n\r\n1");
    expect(await rest(socket)).not.toMatch(/^HTTP\/1\.1 200/);
    expect(await isWell(node.server)).toBe(true);
  });

  it("that sends endless headers gets 431", async () => {
    await using node = await openNode({ server: { maxHeaderBytes: 8192 } });
    const socket = await open(node.server);
    const answer = rest(socket);
    socket.write(`GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${"a".repeat(20_000)}\r\n\r\n`);
    expect(await answer).toMatch(/^HTTP\/1\.1 431 /);
    expect((await ask(node.server, { path: `/healthz?x=${"a".repeat(7000)}`, token: "admin" })).status).toBe(200);
  });

  it("that sends a larger body than a route takes gets 413", async () => {
    await using node = await openNode();
    const answer = await ask(node.server, { path: "/debug/flags/v", method: "PUT", token: "admin", body: "1".repeat(100_000) });
    expect([answer.status, answer.body]).toEqual([413, "request body is larger than 64 bytes"]);
  });

  it.each([
    "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "GET /healthz HTTP/1.1\nHost x\n\n",
    "GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "GET healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "GET /healthz%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "\u0000\u0001\u0002\r\n\r\n",
  ])("that sends %j gets 400", async (text) => {
    await using node = await openNode();
    const socket = await open(node.server);
    const answer = rest(socket);
    socket.write(text);
    expect(await answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(node.reviews.asked).toEqual([]);
  });

  it("cannot open more connections than the limit", async () => {
    const logger = createRecordingLogger();
    await using node = await openNode({ server: { maxConnections: 3, logger } });
    const sockets = [await open(node.server), await open(node.server), await open(node.server)];
    const fourth = connectTcp(node.server.port, "127.0.0.1");
    await untilClosed(fourth);
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, false, false]);
    expect(logger.entries.map(({ message }) => message)).toContain("connection refused: there are too many");
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(async () => expect(await isWell(node.server)).toBe(true));
  });

  it("that idles on a kept connection is closed", async () => {
    await using node = await openNode({ server: { idleTimeoutMs: 100 } });
    const socket = await open(node.server);
    const answer = rest(socket);
    socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\n\r\n");
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nok$/);
  });

  it("that goes away in the middle of a followed log ends the reading", async () => {
    const metrics = createRecordingMetrics();
    const ended: unknown[] = [];
    const logs: LogsPort = {
      openLog: (_request, { signal }) =>
        Promise.resolve(
          (async function* () {
            try {
              for (;;) {
                yield Buffer.from("a line\n".repeat(1000));
                await new Promise((resolve) => setImmediate(resolve));
              }
            } finally {
              ended.push(signal.aborted);
            }
          })(),
        ),
    };
    await using node = await openNode({ ports: { logs }, server: { metrics, serverType: "readwrite" } });
    for (const leave of ["destroy", "stall"] as const) {
      const sent = request({
        host: "127.0.0.1",
        port: node.server.port,
        path: "/containerLogs/default/api1/api1?follow=true",
        agent: false,
        rejectUnauthorized: false,
        headers: { Authorization: "Bearer admin" },
      });
      sent.on("error", () => undefined).end();
      const [response] = (await once(sent, "response")) as [NodeJS.ReadableStream];
      response.on("error", () => undefined);
      await once(response, "data");
      // A client that stops reading first, and goes away when the server has been held back.
      if (leave === "stall") {
        response.pause();
        for (let round = 0; round < 20; round += 1) await isWell(node.server);
      }
      sent.destroy();
    }
    await vi.waitFor(() => expect(ended).toEqual([true, true]));
    const labels = { method: "GET", path: "containerLogs", server_type: "readwrite", long_running: "false" };
    await vi.waitFor(() => expect(metrics.value("kubelet_http_inflight_requests", labels)).toBe(0));
  });

  it.each(["/containerLogs/default/api1/api1", "/logs/large"])(
    "that does not read %s keeps nobody from the short requests",
    async (path) => {
      const large = Buffer.alloc(64 * 1024 * 1024, "a line\n");
      const rootDirectory = await mkdtemp(join(tmpdir(), "nk-hostile-"));
      await writeFile(join(rootDirectory, "large"), large);
      const logs: LogsPort = {
        openLog: () =>
          Promise.resolve(
            (async function* () {
              yield large;
              yield await Promise.resolve(large);
            })(),
          ),
      };
      await using node = await openNode({ ports: { logs, nodeLogs: { rootDirectory } }, server: { maxRequests: 1, maxLongRunning: 1 } });
      const headers = { Authorization: "Bearer admin" };
      const stalled = request({ host: "127.0.0.1", port: node.server.port, path, agent: false, rejectUnauthorized: false, headers });
      stalled.on("error", () => undefined).end();
      await once(stalled, "response");
      expect(await isWell(node.server)).toBe(true);
      expect((await ask(node.server, { path, token: "admin" })).status).toBe(429);
      stalled.destroy();
      await rm(rootDirectory, { recursive: true });
    },
  );

  it("that does not read short answers has no more of them than the limit, and is cut off in time", async () => {
    const text = "x".repeat(32 * 1024 * 1024);
    const metrics = { "/metrics": { contentType: "text/plain", render: () => Promise.resolve(text) } };
    const clock = createFakeClock();
    await using node = await openNode({ ports: { metrics }, server: { maxRequests: 2, answerTimeoutMs: 5000, clock } });
    const asking = "GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin\r\n\r\n";
    const stalled = [await open(node.server), await open(node.server)];
    for (const socket of stalled) {
      socket.write(asking);
      await once(socket, "readable");
    }
    expect((await ask(node.server, { path: "/metrics", token: "admin" })).status).toBe(429);
    await clock.advance(5000);
    await vi.waitFor(async () => expect(await isWell(node.server)).toBe(true));
    expect((await ask(node.server, { path: "/metrics", token: "admin" })).body).toBe(text);
    for (const socket of stalled) socket.destroy();
  });

  it("gets 429 over the number of requests at a time, while followed logs do not count among them", async () => {
    const release = Promise.withResolvers<string>();
    const logs: LogsPort = {
      openLog: (_request, { signal }) =>
        Promise.resolve(
          (async function* () {
            yield Buffer.from("first\n");
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
          })(),
        ),
    };
    const metrics = { "/metrics": { contentType: "text/plain", render: () => release.promise } };
    await using node = await openNode({ ports: { logs, metrics }, server: { maxRequests: 1, maxLongRunning: 1 } });
    const path = "/containerLogs/default/api1/api1?follow=true";
    const headers = { Authorization: "Bearer admin" };
    const follower = request({ host: "127.0.0.1", port: node.server.port, path, agent: false, rejectUnauthorized: false, headers });
    follower.on("error", () => undefined).end();
    await once(follower, "response");
    const short = ask(node.server, { path: "/metrics", token: "admin" });
    await vi.waitFor(async () => expect((await ask(node.server, { path: "/healthz", token: "admin" })).status).toBe(429));
    release.resolve("up 1\n");
    expect((await short).status).toBe(200);
    expect(await ask(node.server, { path, token: "admin" })).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
    expect(await isWell(node.server)).toBe(true);
    follower.destroy();
  });
});
