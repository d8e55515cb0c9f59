import { createSecureServer } from "node:http2";
import type { Http2SecureServer } from "node:http2";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { ApiServer } from "./create-api-server.ts";

/** What {@link listen} takes. */
export interface ListenOptions {
  readonly server: ApiServer;
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string; readonly ca?: string };
  /** Default 127.0.0.1: nobody else's machine. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** How long a client may take to send the head of a request; default 30 s. */
  readonly headersTimeoutMs?: number;
  /** How long it may take to send all of one; default 60 s. */
  readonly requestTimeoutMs?: number;
}

/** A server that listens. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  /** Ends open requests and connections; resolves when nothing is left. */
  close(): Promise<void>;
}

/** As many streams on a connection as the reference allows. */
const MAX_STREAMS = 250;
const MAX_HEADER_BYTES = 1024 * 1024;

const trackSockets = (server: Http2SecureServer): ReadonlySet<Socket> => {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  });
  return sockets;
};

/** Serves HTTPS with HTTP/2 and HTTP/1.1 (for upgrades). Client certificates are asked for; judging them is the authenticator's work. */
export const listen = async (options: ListenOptions): Promise<Listening> => {
  const { server: api, tls, host = "127.0.0.1", port = 0, headersTimeoutMs = 30_000, requestTimeoutMs = 60_000 } = options;
  const server = createSecureServer({
    cert: tls.cert,
    key: tls.key,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    allowHTTP1: true,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    settings: { maxConcurrentStreams: MAX_STREAMS },
    maxHeaderListPairs: 256,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
  } as Parameters<typeof createSecureServer>[0]);
  const sockets = trackSockets(server);
  // HTTP/2 requests have the same shape as HTTP/1 ones as far as this program looks at them.
  server.on("request", (request, response) => api.handler(request as unknown as IncomingMessage, response as unknown as ServerResponse));
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => api.upgrade(request, socket, head));
  server.on("sessionError", () => undefined);
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", () => undefined);
  const address = server.address() as AddressInfo;
  return {
    host: address.address,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        api.close();
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
};
