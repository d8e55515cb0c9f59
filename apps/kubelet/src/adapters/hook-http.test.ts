import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { sendHook } from "./hook-http.ts";

const open: Server[] = [];

afterEach(() => {
  for (const server of open.splice(0)) server.close().closeAllConnections();
});

const serve = async (answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> => {
  const server = createServer(answer);
  open.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve());
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("no port");
  return bound.port;
};

const target = (port: number, scheme: "http" | "https" = "http") => ({
  scheme,
  host: "127.0.0.1",
  port,
  path: "/stop",
  headers: [{ name: "X-Why", value: "bye" }],
});

describe("an HTTP hook", () => {
  it("is answered by a server that ends its lines with a bare LF, as CGI programs do", async () => {
    const server = createTcpServer((socket) => socket.once("data", () => socket.end("HTTP/1.0 200 OK\nServer: x\n\nbody")));
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve());
    });
    const { port } = server.address() as AddressInfo;
    await expect(sendHook(target(port), {})).resolves.toBe("answered");
    server.close();
  });

  it.each([
    ["switches protocols", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"],
    ["switches to none", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
    ["has hints first", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"],
  ])("is answered by a server that %s", async (_what, answer) => {
    const server = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.write(answer));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve());
    });
    const { port } = server.address() as AddressInfo;
    await expect(sendHook(target(port), {})).resolves.toBe("answered");
    server.close();
  });

  it("is answered whatever the status, with its headers sent", async () => {
    let seen: string | undefined;
    const port = await serve((request, response) => {
      seen = `${request.url} ${String(request.headers["x-why"])}`;
      response.writeHead(503).end("x".repeat(100_000));
    });
    await expect(sendHook(target(port), {})).resolves.toBe("answered");
    expect(seen).toBe("/stop bye");
  });

  it("follows redirects, to an end", async () => {
    const paths: string[] = [];
    const port = await serve((request, response) => {
      paths.push(request.url ?? "");
      if (request.url === "/stop") response.writeHead(302, { location: "/next" }).end();
      else response.end();
    });
    await sendHook(target(port), {});
    expect(paths).toEqual(["/stop", "/next"]);
    const loop = await serve((_request, response) => response.writeHead(302, { location: "/again" }).end());
    await expect(sendHook(target(loop), {})).rejects.toThrow("after 10 redirects");
  });

  it("does not follow a redirect to another host", async () => {
    let visits = 0;
    const other = await serve((_request, response) => {
      visits += 1;
      response.end();
    });
    const port = await serve((_request, response) => response.writeHead(307, { location: `http://localhost:${other}/steal` }).end());
    await expect(sendHook(target(port), {})).resolves.toBe("answered");
    expect(visits).toBe(0);
  });

  it("sends headers of any name, and all values of one", async () => {
    let seen: IncomingMessage["headers"] = {};
    const port = await serve((request, response) => {
      seen = request.headers;
      response.end();
    });
    const headers = [
      { name: "constructor", value: "1" },
      { name: "X-A", value: "2" },
      { name: "x-a", value: "3" },
    ];
    await sendHook({ ...target(port), headers }, {});
    expect(seen).toMatchObject({ constructor: "1", "x-a": "2, 3" });
  });

  it("tells a plain HTTP server behind https apart from a failure", async () => {
    const port = await serve((_request, response) => response.end());
    await expect(sendHook(target(port, "https"), {})).resolves.toBe("plain-http");
  });

  it("fails when nobody listens, and stops when it is aborted", async () => {
    await expect(sendHook(target(1), {})).rejects.toThrow("ECONNREFUSED");
    const port = await serve(() => undefined);
    const stop = new AbortController();
    const sent = sendHook(target(port), { signal: stop.signal });
    stop.abort(new Error("no time left"));
    await expect(sent).rejects.toThrow("no time left");
  });
});
