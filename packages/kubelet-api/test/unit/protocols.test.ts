import { once } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { openNode } from "./node.ts";
import type { TestNode } from "./node.ts";
import { openSpdy } from "./spdy.ts";
import type { SpdyConnection, SpdyStream } from "./spdy.ts";
import { openBackend, readToEnd, upgrade } from "./streams.ts";
import type { Backend } from "./streams.ts";

const EXEC = "/exec/default/api1/api1?command=cat&input=1&output=1&error=1";

const nodeWith = (backend: Backend): Promise<TestNode> => openNode({ ports: { streaming: backend.port } });

/** A runtime's side of `exec cat` over SPDY/3.1: what comes on stdin goes to stdout, and the error stream says how it ended. */
const openSpdyBackend = (): Promise<Backend> =>
  openBackend({
    onUpgrade: (_request, socket, head) => {
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n",
      );
      socket.unshift(head);
      const connection = openSpdy(socket, "server");
      const streams = new Map<string, SpdyStream>();
      connection.on("stream", (stream: SpdyStream) => {
        stream.respond(200, {});
        streams.set(stream.headers["streamtype"] ?? "", stream);
        const [stdin, stdout, status] = ["stdin", "stdout", "error"].map((type) => streams.get(type));
        if (stdin === undefined || stdout === undefined || status === undefined) return;
        stdin.pipe(stdout);
        stdin.once("end", () => status.end('{"status":"Success"}'));
      });
      connection.start(3.1);
    },
  });

const openStream = (connection: SpdyConnection, streamType: string): Promise<SpdyStream> =>
  new Promise((resolve, reject) => {
    const headers = { streamType };
    connection.request({ method: "POST", path: "/", host: "node-1", headers }, (error, stream) => {
      if (error === null) resolve(stream);
      else reject(error);
    });
  });

describe("the protocols of kubectl and the API server", () => {
  it("carries SPDY/3.1 with several streams that end one by one", async () => {
    await using backend = await openSpdyBackend();
    await using node = await nodeWith(backend);
    const headers = { Upgrade: "SPDY/3.1", "X-Stream-Protocol-Version": ["v5.channel.k8s.io", "v4.channel.k8s.io"] };
    const upgraded = await upgrade(node.server, { path: EXEC, headers });
    expect([upgraded.status, upgraded.headers["x-stream-protocol-version"]]).toEqual([101, "v4.channel.k8s.io"]);
    const { socket } = upgraded;
    socket.unshift(upgraded.head);
    const connection = openSpdy(socket, "client");
    connection.start(3.1);
    const status = await openStream(connection, "error");
    const stdin = await openStream(connection, "stdin");
    const stdout = await openStream(connection, "stdout");
    const texts = Promise.all([readToEnd(stdout), readToEnd(status)]);
    const sent = "a line of input\n".repeat(20_000);
    stdin.end(sent);
    const [output, ending] = await texts;
    expect(output.toString()).toBe(sent);
    expect(ending.toString()).toBe('{"status":"Success"}');
    socket.destroy();
    await vi.waitFor(async () => expect(await backend.connections()).toBe(0));
  });

  it.each(["v4.channel.k8s.io", "v5.channel.k8s.io"])(
    "carries a WebSocket of %s to the runtime, and its close to both",
    async (protocol) => {
      const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => protocol });
      sockets.on("connection", (remote) => {
        remote.on("message", (data, isBinary) => remote.send(data, { binary: isBinary }));
      });
      await using backend = await openBackend({
        onUpgrade: (request, socket, head) => sockets.handleUpgrade(request, socket, head, (remote) => sockets.emit("connection", remote)),
      });
      await using node = await nodeWith(backend);
      const client = new WebSocket(`wss://127.0.0.1:${node.server.port}${EXEC}`, [protocol], {
        rejectUnauthorized: false,
        headers: { Authorization: "Bearer admin" },
      });
      await once(client, "open");
      expect(client.protocol).toBe(protocol);
      client.send(Buffer.from("\u0000hello"));
      const [echo] = (await once(client, "message")) as [Buffer];
      expect(echo.toString()).toBe("\u0000hello");
      client.close(1000, "enough");
      expect(await once(client, "close")).toEqual([1000, Buffer.from("enough")]);
      await vi.waitFor(async () => expect(await backend.connections()).toBe(0));
    },
  );

  it("takes a token as a WebSocket's subprotocol, and keeps it to itself", async () => {
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: (protocols) => [...protocols][0] ?? false });
    await using backend = await openBackend({
      onUpgrade: (request, socket, head) => sockets.handleUpgrade(request, socket, head, () => undefined),
    });
    await using node = await nodeWith(backend);
    const bearer = `base64url.bearer.authorization.k8s.io.${Buffer.from("admin").toString("base64url")}`;
    const url = `wss://127.0.0.1:${node.server.port}${EXEC}`;
    const client = new WebSocket(url, [bearer, "v4.channel.k8s.io"], { rejectUnauthorized: false });
    await once(client, "open");
    expect(client.protocol).toBe("v4.channel.k8s.io");
    expect(backend.requests[0]?.headers["sec-websocket-protocol"]).toBe("v4.channel.k8s.io");
    client.terminate();
    for (const protocols of [[bearer], [bearer, bearer.replace("k8s.io.", "k8s.io.x"), "v4.channel.k8s.io"], ["v4.channel.k8s.io"]]) {
      const refused = new WebSocket(url, protocols, { rejectUnauthorized: false });
      const [error] = (await once(refused, "error")) as [Error];
      expect(error.message).toBe("Unexpected server response: 401");
    }
  });
});
