import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { createServer as createHttp2Server } from "node:http2";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo, Server, Socket } from "node:net";
import { connect, createServer as createTcpServer } from "node:net";
import { createFakeClock } from "@nk/stdx/testing";
import { afterEach, describe, expect, it } from "vitest";
import { decodeHealthResponse, encodeHealthRequest } from "./grpc-message.ts";
import { grpcCodeName } from "./grpc-status.ts";
import type { ProbeOutcome } from "./outcome.ts";
import { runProbe } from "./run-probe.ts";

const host = "127.0.0.1";
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const listen = async (server: Server, at = 0): Promise<number> => {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => void sockets.add(socket.on("error", () => undefined)));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(at, host, resolve));
  return (server.address() as AddressInfo).port;
};

/** The frame of a HealthCheckResponse. */
const serving = (status: number): Buffer => Buffer.from([0, 0, 0, 0, 2, 8, status]);

interface Reply {
  readonly headers?: OutgoingHttpHeaders;
  readonly frame?: Buffer;
  /** Absent: the stream ends without. */
  readonly trailers?: OutgoingHttpHeaders;
}

const reply = (stream: ServerHttp2Stream, { headers = { "content-type": "application/grpc" }, frame, trailers }: Reply): void => {
  stream.on("error", () => undefined);
  const isAll = frame === undefined && trailers === undefined;
  stream.respond({ ":status": 200, ...headers }, { endStream: isAll, waitForTrailers: trailers !== undefined });
  if (isAll) return;
  if (trailers) stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  stream.end(frame);
};

const serve = (onCall: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: Buffer) => void): Promise<number> => {
  const server = createHttp2Server();
  server.on("stream", (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => onCall(stream, headers, Buffer.concat(chunks)));
  });
  server.on("sessionError", () => undefined);
  return listen(server);
};

const probe = (port: number, options: { readonly service?: string; readonly timeoutMs?: number } = {}): Promise<ProbeOutcome> => {
  const { timeoutMs = 5000, service } = options;
  return runProbe({ action: { type: "grpc", port, ...(service !== undefined && { service }) }, timeoutMs }, { host });
};

const OK = { "grpc-status": "0" };

describe("grpc", () => {
  it("asks the standard health service, with the service's name and the kubelet's user agent", async () => {
    const calls: (readonly [IncomingHttpHeaders, Buffer])[] = [];
    const port = await serve((stream, headers, body) => {
      calls.push([headers, body]);
      reply(stream, { frame: serving(1), trailers: OK });
    });
    expect(await probe(port)).toMatchObject({ verdict: "success", output: "service healthy" });
    expect(await probe(port, { service: "liveness" })).toMatchObject({ verdict: "success" });
    expect(calls[0]?.[0]).toMatchObject({
      ":method": "POST",
      ":scheme": "http",
      ":path": "/grpc.health.v1.Health/Check",
      ":authority": `${host}:${port}`,
      "content-type": "application/grpc",
      "user-agent": "kube-probe/1.36",
      te: "trailers",
      "grpc-timeout": "5000m",
    });
    expect(calls.map(([, body]) => body.toString("latin1"))).toEqual(["\0\0\0\0\0", "\0\0\0\0\n\n\bliveness"]);
  });

  it.each<[string, Reply, string]>([
    ["NOT_SERVING", { frame: serving(2), trailers: OK }, 'service unhealthy (responded with "NOT_SERVING")'],
    ["SERVICE_UNKNOWN", { frame: serving(3), trailers: OK }, 'service unhealthy (responded with "SERVICE_UNKNOWN")'],
    ["a status of the future", { frame: serving(9), trailers: OK }, 'service unhealthy (responded with "9")'],
    ["an empty message", { frame: Buffer.alloc(5), trailers: OK }, 'service unhealthy (responded with "UNKNOWN")'],
    [
      "a server without health service",
      { headers: { "content-type": "application/grpc", "grpc-status": "12", "grpc-message": "unknown service grpc.health.v1.Health" } },
      "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service grpc.health.v1.Health",
    ],
    [
      "an unknown service",
      { headers: { "content-type": "application/grpc+proto", "grpc-status": "5", "grpc-message": "no %C3%A9%25" } },
      "error: health rpc probe failed: rpc error: code = NotFound desc = no é%",
    ],
    ["a deadline of the server's own", { trailers: { "grpc-status": "4" } }, "timeout: health rpc did not complete within 5s"],
    ["a code of the future", { trailers: { "grpc-status": "99" } }, "error: health rpc probe failed: rpc error: code = Code(99) desc = "],
    [
      "a web page",
      { headers: { ":status": 404, "content-type": "text/html" }, frame: Buffer.from("<html>") },
      "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unexpected HTTP status code received from " +
        'server: 404 (Not Found); transport: received unexpected content-type "text/html"',
    ],
    [
      "a proxy without its server",
      { headers: { ":status": 503 } },
      "error: health rpc probe failed: rpc error: code = Unavailable desc = unexpected HTTP status code received from server: 503 " +
        "(Service Unavailable); malformed header: missing HTTP content-type",
    ],
    [
      "an answer without an end",
      { frame: serving(1) },
      "error: health rpc probe failed: rpc error: code = Internal desc = server closed the stream without sending trailers",
    ],
    [
      "a cut message",
      { frame: serving(1).subarray(0, 6), trailers: OK },
      "error: health rpc probe failed: rpc error: code = Internal desc = unexpected EOF",
    ],
    [
      "a message of megabytes",
      { frame: Buffer.concat([Buffer.from([0, 0, 0x20, 0, 0]), Buffer.alloc(0x20_0000)]), trailers: OK },
      "error: health rpc probe failed: rpc error: code = ResourceExhausted desc = grpc: received message larger than max (2097152 vs. 10240)",
    ],
    [
      "a compressed message",
      { frame: Buffer.from([1, 0, 0, 0, 2, 8, 1]), trailers: OK },
      "error: health rpc probe failed: rpc error: code = Internal desc = grpc: compressed flag set with identity or empty encoding",
    ],
    [
      "no protobuf",
      { frame: Buffer.from([0, 0, 0, 0, 2, 255, 255]), trailers: OK },
      expect.stringContaining("rpc error: code = Internal desc = grpc: failed to unmarshal the received message: proto: ") as string,
    ],
  ])("fails on %s", async (_what, answer, output) => {
    const port = await serve((stream) => reply(stream, answer));
    expect(await probe(port)).toMatchObject({ verdict: "failure", output });
  });

  it("tells no more of a long message than of any other output", async () => {
    const headers = { "content-type": "application/grpc", "grpc-status": "2", "grpc-message": "x".repeat(40_000) };
    const port = await serve((stream) => reply(stream, { headers }));
    const { verdict, output } = await probe(port);
    expect(verdict).toBe("failure");
    expect(output).toHaveLength(10 * 1024);
  });

  it("fails when the server ends the call, or the connection, without a word", async () => {
    const refusing = await serve((stream) => stream.close(7));
    expect((await probe(refusing)).output).toBe(
      "error: health rpc probe failed: rpc error: code = Unavailable desc = stream terminated by RST_STREAM with error code: REFUSED_STREAM",
    );
    const dying = await serve((stream) => stream.session?.destroy());
    expect((await probe(dying)).output).toBe(
      "error: health rpc probe failed: rpc error: code = Unavailable desc = error reading from server: EOF",
    );
  });

  it("fails when the answer does not come in time", async () => {
    const port = await serve(() => undefined);
    const outcome = await probe(port, { timeoutMs: 1000 });
    expect(outcome).toMatchObject({ verdict: "failure", output: "timeout: health rpc did not complete within 1s" });
    expect(outcome.lateByMs).toBeGreaterThanOrEqual(0);
  });

  it("fails when the server lets no call begin", async () => {
    const server = createHttp2Server({ settings: { maxConcurrentStreams: 0 } });
    server.on("sessionError", () => undefined);
    expect(await probe(await listen(server), { timeoutMs: 1000 })).toMatchObject({
      verdict: "failure",
      output: "timeout: health rpc did not complete within 1s",
    });
  });

  it("fails when nobody listens, nobody greets, or somebody speaks something else", async () => {
    const closed = createTcpServer();
    const port = await listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    const silent = await listen(createTcpServer());
    const http1 = await listen(createHttpServer((_request, response) => response.end("hello")));
    for (const bad of [port, silent, http1]) {
      expect(await probe(bad, { timeoutMs: 300 })).toMatchObject({
        verdict: "failure",
        output: `timeout: failed to connect service "${host}:${bad}" within 300ms: context deadline exceeded`,
      });
    }
  });

  it("finds a server that comes up within the time", async () => {
    const clock = createFakeClock();
    const closed = createTcpServer();
    const port = await listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    const found = runProbe({ action: { type: "grpc", port }, timeoutMs: 3000 }, { host }, { clock });
    // The retry's timer beside the time limit's.
    while (clock.pendingCount < 2) await new Promise((resolve) => setImmediate(resolve));
    const server = createHttp2Server();
    server.on("stream", (stream) => reply(stream, { frame: serving(1), trailers: OK }));
    await listen(server, port);
    await clock.advance(100);
    expect(await found).toMatchObject({ verdict: "success" });
  });

  it("resets the connection when it has its answer", async () => {
    const behind = await serve((stream) => reply(stream, { frame: serving(1), trailers: OK }));
    const front = createTcpServer();
    // HTTP/2 servers keep what happens to their sockets to themselves.
    const ended = new Promise((resolve) =>
      front.on("connection", (socket: Socket) => {
        const onward = connect(behind, host).on("error", () => undefined);
        socket.on("error", resolve).pipe(onward).pipe(socket);
      }),
    );
    expect(await probe(await listen(front))).toMatchObject({ verdict: "success" });
    expect(await ended).toMatchObject({ code: "ECONNRESET" });
  });
});

describe("messages of the health service", () => {
  it("carry names of any length", () => {
    const frame = encodeHealthRequest("x".repeat(300));
    expect([...frame.subarray(0, 8)]).toEqual([0, 0, 0, 0x01, 0x2f, 0x0a, 0xac, 0x02]);
    expect(frame).toHaveLength(308);
  });

  it("may have fields that nobody knows yet", () => {
    const unknown = [0x10, 0x96, 0x01, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x22, 2, 65, 66, 0x2d, 1, 2, 3, 4];
    const message = [...unknown, 8, 1];
    expect(decodeHealthResponse(Buffer.from([0, 0, 0, 0, message.length, ...message]))).toEqual({ serving: "SERVING" });
  });

  it.each([
    ["a number without an end", [8, ...Array.from({ length: 12 }, () => 255)]],
    ["a text longer than the message", [0x22, 100, 65]],
    ["a field without a number", [0x00, 1]],
    ["a group", [0x1b]],
    ["nothing after a tag", [8]],
  ])("are refused with %s", (_what, message) => {
    const decoded = decodeHealthResponse(Buffer.from([0, 0, 0, 0, message.length, ...message]));
    expect("problem" in decoded && grpcCodeName(decoded.problem.code)).toBe("Internal");
  });
});
