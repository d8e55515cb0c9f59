import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import type { HttpServer, StreamingPort } from "../../src/index.ts";

/** A runtime's streaming server, and the port that leads to it. */
export interface Backend extends AsyncDisposable {
  readonly port: StreamingPort;
  /** What the port was asked. */
  readonly asked: readonly (readonly [verb: string, request: unknown])[];
  /** Requests to upgrade, as they came over the wire. */
  readonly requests: readonly IncomingMessage[];
  connections(): Promise<number>;
}

/** Upgrades every connection to `test/1` unless `onUpgrade` does something else, and hands it to `onSocket`. */
export const openBackend = async (
  options: {
    readonly onSocket?: (socket: Duplex, head: Buffer) => void;
    readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  } = {},
): Promise<Backend> => {
  const server = createServer();
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Duplex>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (incoming, socket, head) => {
    requests.push(incoming);
    socket.on("error", () => socket.destroy());
    if (options.onUpgrade !== undefined) {
      options.onUpgrade(incoming, socket, head);
      return;
    }
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test/1\r\nX-Backend: yes\r\n\r\n");
    if (options.onSocket === undefined) socket.pipe(socket);
    else options.onSocket(socket, head);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const asked: (readonly [string, unknown])[] = [];
  const answer = (verb: string, asking: unknown): Promise<string> => {
    asked.push([verb, asking]);
    return Promise.resolve(`http://127.0.0.1:${port}/${verb}/token-1?x=1`);
  };
  return {
    asked,
    requests,
    port: {
      exec: (asking) => answer("exec", asking),
      attach: (asking) => answer("attach", asking),
      portForward: (asking) => answer("portforward", asking),
    },
    connections: () =>
      new Promise((resolve, reject) => server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
};

/** `allowHalfOpen` is among the options of tls.connect, but not of its types. */
const HALF_OPEN: ConnectionOptions & { readonly allowHalfOpen: boolean } = { rejectUnauthorized: false, allowHalfOpen: true };

/** How a server answers a request to upgrade. */
export interface Upgraded {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** Of an answer that is no upgrade. */
  readonly body: string;
  readonly socket: TLSSocket;
  readonly head: Buffer;
}

const readAll = async (message: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of message as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString();
};

/** Asks over TLS for an upgrade, as the token "admin" if not told otherwise. */
export const upgrade = (
  server: HttpServer,
  options: { readonly path: string; readonly method?: string; readonly headers?: OutgoingHttpHeaders; readonly token?: string },
): Promise<Upgraded> =>
  new Promise((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1", HALF_OPEN);
    // A server that closes resets what was not read; what that means a test sees by other signs.
    socket.on("error", () => undefined);
    const { path, method = "POST", token = "admin" } = options;
    const sent = request({
      path,
      method,
      createConnection: () => socket,
      headers: {
        Host: "node-1:10250",
        Connection: "Upgrade",
        Upgrade: "test/1",
        Authorization: `Bearer ${token}`,
        ...(method === "POST" ? { "Content-Length": "0" } : {}),
        ...options.headers,
      },
    });
    sent.on("upgrade", ({ statusCode = 0, headers }, _socket, head) => resolve({ status: statusCode, headers, body: "", socket, head }));
    sent.on("response", (response) => {
      const { statusCode = 0, headers } = response;
      readAll(response).then((body) => resolve({ status: statusCode, headers, body, socket, head: Buffer.alloc(0) }), reject);
    });
    sent.on("error", reject);
    sent.end();
  });

/** Reads until the other side ends its direction. */
export const readToEnd = async (socket: Duplex): Promise<Buffer> => {
  const parts: Buffer[] = [];
  socket.on("data", (part: Buffer) => parts.push(part));
  await once(socket, "end");
  return Buffer.concat(parts);
};
