import { readFileSync } from "node:fs";
import type { IncomingMessage, RequestListener } from "node:http";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { ProbeOutcome } from "./outcome.ts";
import { runProbe } from "./run-probe.ts";
import type { ProbeAction } from "./spec.ts";
import { createFakeExec } from "./testing/index.ts";

const host = "127.0.0.1";
const servers: Server[] = [];
const sockets = new Set<Socket>();

const listen = async <T extends Server>(server: T): Promise<number> => {
  servers.push(server);
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
};

const serve = (listener: RequestListener): Promise<number> => listen(createServer(listener));

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  sockets.clear();
});

type Http = Extract<ProbeAction, { type: "httpGet" }>;

const get = (port: number, more: Partial<Http> = {}, timeoutMs = 5000): Promise<ProbeOutcome> =>
  runProbe({ action: { type: "httpGet", scheme: "http", port, ...more }, timeoutMs }, { host });

const closedPort = async (): Promise<number> => {
  const server = createTcpServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
};

describe("httpGet", () => {
  it.each([
    [200, "success", "hello"],
    [204, "success", ""],
    [304, "warning", "Probe terminated redirects, Response body: "],
    [404, "failure", "HTTP probe failed with statuscode: 404"],
    [500, "failure", "HTTP probe failed with statuscode: 500"],
  ])("judges status %i", async (statusCode, verdict, output) => {
    const port = await serve((_request, response) => response.writeHead(statusCode).end("hello"));
    expect(await get(port)).toMatchObject({ verdict, output });
  });

  it("judges a switch of protocols that nobody asked for", async () => {
    const switching = createTcpServer((socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"));
    });
    expect(await get(await listen(switching))).toMatchObject({ verdict: "failure", output: "HTTP probe failed with statuscode: 101" });
  });

  it("sends the reference's headers, and those of the probe over them", async () => {
    const seen: IncomingMessage[] = [];
    const port = await serve((request, response) => {
      seen.push(request);
      response.end();
    });
    await get(port, { path: "x/y?a=b" });
    await get(port, {
      headers: [
        { name: "host", value: "example.com" },
        { name: "user-agent", value: "" },
        { name: "X-A", value: "1" },
        { name: "x-a", value: "2" },
      ],
    });
    expect([seen[0]?.url, seen[0]?.headers]).toEqual([
      "/x/y?a=b",
      { host: `${host}:${port}`, "user-agent": "kube-probe/1.36", accept: "*/*", connection: "close" },
    ]);
    expect(seen[1]?.headers).toEqual({ host: "example.com", accept: "*/*", connection: "close", "x-a": "1, 2" });
  });

  it("follows redirects on the same host, and warns of others", async () => {
    const paths: (string | undefined)[] = [];
    const port = await serve((request, response) => {
      paths.push(request.url);
      const location = { "/a": "/b", "/loop": "/loop", "/away": "http://example.com/" }[request.url ?? ""];
      response.writeHead(location === undefined ? 200 : 302, location === undefined ? {} : { location }).end("body");
    });
    expect(await get(port, { path: "/a" })).toMatchObject({ verdict: "success" });
    expect(paths).toEqual(["/a", "/b"]);
    expect(await get(port, { path: "/away" })).toMatchObject({
      verdict: "warning",
      output: "Probe terminated redirects, Response body: body",
    });
    expect(await get(port, { path: "/loop" })).toMatchObject({
      verdict: "failure",
      output: `Get "/loop": stopped after 10 redirects`,
    });
  });

  it("reads 10 KiB and no more", async () => {
    const port = await serve((_request, response) => {
      response.write("x".repeat(20_000));
    });
    expect((await get(port)).output).toHaveLength(10_240);
  });

  it("tells no more of a body that is not text, and of a place that has a long name", async () => {
    const binary = await serve((_request, response) => response.end(Buffer.alloc(10_240, 0xff)));
    expect(Buffer.byteLength((await get(binary)).output)).toBeLessThanOrEqual(10_240);
    const lost = await serve((request, response) => response.writeHead(302, { location: `${request.url}${"x".repeat(1500)}` }).end());
    expect(Buffer.byteLength((await get(lost)).output)).toBeLessThanOrEqual(10_240);
  });

  it("tells of a refused connection as the recording does (p40)", async () => {
    const port = await closedPort();
    expect(await get(port, { path: "/" })).toMatchObject({
      verdict: "failure",
      output: `Get "http://${host}:${port}/": dial tcp ${host}:${port}: connect: connection refused`,
    });
  });

  it("fails when the headers do not come in time", async () => {
    const port = await serve(() => undefined);
    const outcome = await get(port, {}, 30);
    expect(outcome).toMatchObject({
      verdict: "failure",
      output: `Get "http://${host}:${port}/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    });
    expect(outcome.lateByMs).toBeGreaterThanOrEqual(0);
  });

  it("counts a body that does not end as an error", async () => {
    const port = await serve((_request, response) => {
      response.write("begin");
    });
    expect(await get(port, {}, 300)).toMatchObject({ verdict: "error" });
  });

  it("fails when the server closes or resets at once, or speaks something else", async () => {
    const closing = await listen(createTcpServer((socket) => socket.once("data", () => socket.end())));
    expect(await get(closing)).toMatchObject({ verdict: "failure", output: `Get "http://${host}:${closing}/": EOF` });
    const resetting = await listen(createTcpServer((socket) => socket.once("data", () => socket.resetAndDestroy())));
    expect((await get(resetting)).output).toMatch(/: read tcp 127\.0\.0\.1:\d+->127\.0\.0\.1:\d+: read: connection reset by peer$/);
    const babbling = await listen(createTcpServer((socket) => socket.once("data", () => socket.end("nonsense\r\n\r\n"))));
    expect((await get(babbling)).output).toContain("malformed HTTP response");
    expect((await get(babbling, { scheme: "https" })).output).toContain("http: server gave HTTP response to HTTPS client");
  });

  it("understands a server that ends its lines with a bare LF, as CGI programs do", async () => {
    const answer = "HTTP/1.0 302 Found\nServer: x\nLocation: http://192.0.2.1/\n\nbody";
    const bare = await listen(createTcpServer((socket) => socket.once("data", () => socket.end(answer))));
    expect(await get(bare)).toMatchObject({ verdict: "warning", output: "Probe terminated redirects, Response body: body" });
    const mixed = "HTTP/1.1 500 Oh\r\nServer: x\r\nX-A: 1\n\nbody";
    const failing = await listen(createTcpServer((socket) => socket.once("data", () => socket.end(mixed))));
    expect(await get(failing)).toMatchObject({ verdict: "failure", output: "HTTP probe failed with statuscode: 500" });
  });

  it("speaks https without verifying the certificate", async () => {
    const read = (name: string): string => readFileSync(new URL(`../test/fixtures/${name}`, import.meta.url), "utf8");
    const port = await listen(
      createTlsServer({ key: read("self-signed.key"), cert: read("self-signed.crt") }, (_request, response) => response.end("secret")),
    );
    expect(await get(port, { scheme: "https" })).toMatchObject({ verdict: "success", output: "secret" });
  });

  it("resets the connection when it has its answer", async () => {
    const answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    const server = createTcpServer((socket) => socket.once("data", () => socket.write(answer)));
    const port = await listen(server);
    const ended = new Promise((resolve) => server.on("connection", (socket) => socket.on("error", resolve)));
    expect(await get(port)).toMatchObject({ verdict: "success", output: "ok" });
    expect(await ended).toMatchObject({ code: "ECONNRESET" });
  });
});

describe("tcpSocket", () => {
  it("finds an open and a closed port", async () => {
    const open = await listen(createTcpServer());
    const closed = await closedPort();
    const probe = (port: number) => runProbe({ action: { type: "tcpSocket", port }, timeoutMs: 5000 }, { host });
    expect(await probe(open)).toMatchObject({ verdict: "success" });
    expect(await probe(closed)).toMatchObject({ verdict: "failure", output: `dial tcp ${host}:${closed}: connect: connection refused` });
  });

  it("sees an answer that came while this process was too busy to look, though its time is long over", async () => {
    const open = await listen(createTcpServer());
    const found = runProbe({ action: { type: "tcpSocket", port: open }, timeoutMs: 200 }, { host });
    // By then it has begun to connect, which the kernel does without this process.
    await new Promise((resolve) => setImmediate(resolve));
    for (const endMs = performance.now() + 500; performance.now() < endMs;);
    expect(await found).toMatchObject({ verdict: "success" });
  });

  it("goes to the probe's own host, and names one that does not exist", async () => {
    const action: ProbeAction = { type: "tcpSocket", port: 1, host: "nobody.invalid" };
    const outcome = await runProbe({ action, timeoutMs: 5000 }, { host });
    expect(outcome.verdict).toBe("failure");
    expect(outcome.output).toContain("nobody.invalid");
  });
});

describe("exec", () => {
  const action: ProbeAction = { type: "exec", command: ["sh", "-c", "x"] };
  const run = (exec: Parameters<typeof createFakeExec>[0], timeoutMs = 1000) =>
    runProbe({ action, timeoutMs }, { host, containerId: "c1" }, { exec: createFakeExec(exec), execGraceMs: 0 });

  it.each<[string, Parameters<typeof createFakeExec>[0], Partial<ProbeOutcome>]>([
    ["0", () => ({ type: "exited", exitCode: 0, output: "fine" }), { verdict: "success", output: "fine" }],
    ["another code", () => ({ type: "exited", exitCode: 2, output: "bad" }), { verdict: "failure", output: "bad" }],
    ["a time-out", () => ({ type: "timed-out" }), { verdict: "failure", output: 'command timed out: "sh -c x" timed out after 1s' }],
    ["a broken runtime", () => Promise.reject(new Error("no runtime")), { verdict: "error", output: "no runtime" }],
    ["much output", () => ({ type: "exited", exitCode: 1, output: "é".repeat(9000) }), { output: "é".repeat(5120) }],
  ])("judges %s", async (_what, exec, expected) => {
    expect(await run(exec)).toMatchObject(expected);
  });

  it("is an error without a port, and stops with its signal", async () => {
    expect(await runProbe({ action, timeoutMs: 1 }, { host })).toMatchObject({ verdict: "error" });
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(runProbe({ action, timeoutMs: 1 }, { host }, { signal })).rejects.toThrow("enough");
  });
});
