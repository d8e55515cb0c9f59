import { ServerResponse } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { noopLogger, noopMetrics, systemClock } from "@nk/stdx";
import type { Clock, Logger, MetricRegister } from "@nk/stdx";
import { KubeletApiError } from "../errors.ts";
import type { Route } from "../route.ts";
import { bucketsOf, createAccessMetrics } from "./access-metrics.ts";
import type { AccessMetrics, ServerType } from "./access-metrics.ts";
import { createMux } from "./mux.ts";
import { createPipeline } from "./pipeline.ts";
import type { Gate, Pipeline } from "./pipeline.ts";
import { createUpgrade } from "./upgrade.ts";

/** What servers with and without TLS have in common. */
export interface ServerOptions {
  /** e.g. `127.0.0.1`. */
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly routes: readonly Route[];
  /** Short requests served at one time; more are answered with 429. Default 200. */
  readonly maxRequests?: number;
  /** Logs, whose reader sets the pace, exec, run, checkpoint, attach and port-forward at one time; more are answered with 429. Default 500. */
  readonly maxLongRunning?: number;
  /** Connections open at one time, idle ones included; more are closed at once. Default 1000. */
  readonly maxConnections?: number;
  /** Request line and headers. Default 16 KiB without TLS, 256 KiB with (a command of exec stands in the URL; reference: 1 MiB). */
  readonly maxHeaderBytes?: number;
  /** From the connection, or the request before, to the end of the headers. Default 10 s. */
  readonly headersTimeoutMs?: number;
  /** To the end of the request's body. Default 60 s (reference: 4 h). */
  readonly requestTimeoutMs?: number;
  /** How long the client of a short request may take to read its answer, once that is whole; then it is cut off. Default 60 s (reference: 4 h). */
  readonly answerTimeoutMs?: number;
  /** How long an idle connection is kept. Default 90 s, as the reference. */
  readonly idleTimeoutMs?: number;
  /** Silence after which TCP asks whether the client is still there. Default 30 s. */
  readonly tcpKeepAliveMs?: number;
  /** The label `server_type` of the request metrics; absent: not counted, as the reference's health server. */
  readonly serverType?: ServerType;
  readonly metrics?: MetricRegister;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** A server that listens until it is closed; closing ends running requests and streams. */
export interface HttpServer extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
}

/** Node's own options that follow from ours. */
export const nodeOptions = (options: ServerOptions, defaults: { readonly maxHeaderBytes: number }): NodeServerOptions => {
  const headersTimeout = options.headersTimeoutMs ?? 10_000;
  return {
    headersTimeout,
    requestTimeout: Math.max(options.requestTimeoutMs ?? 60_000, headersTimeout),
    // How often Node looks for connections that are too slow: a safety net, nothing waits for it.
    connectionsCheckingInterval: Math.max(50, Math.floor(headersTimeout / 4)),
    maxHeaderSize: options.maxHeaderBytes ?? defaults.maxHeaderBytes,
    keepAliveTimeout: options.idleTimeoutMs ?? 90_000,
    keepAlive: true,
    keepAliveInitialDelay: options.tcpKeepAliveMs ?? 30_000,
    allowHalfOpen: true,
  };
};

interface NodeServerOptions {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly connectionsCheckingInterval: number;
  readonly maxHeaderSize: number;
  readonly keepAliveTimeout: number;
  readonly keepAlive: boolean;
  readonly keepAliveInitialDelay: number;
  readonly allowHalfOpen: boolean;
}

const listen = (server: Server, { address, port, logger = noopLogger }: ServerOptions): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    // Stays for as long as the server does: unheard, a later error event of the server would end the process.
    server.on("error", (error) => {
      logger.warn("http server failed", { address, port, error });
      reject(new KubeletApiError("internal", `listen on ${address}:${port} failed`, { cause: error }));
    });
    server.listen({ host: address, port }, () => {
      const bound = server.address();
      if (bound === null || typeof bound === "string") reject(new KubeletApiError("internal", "the server has no address after listen"));
      else resolve(bound);
    });
  });

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";

/** Serves a request that asks for another protocol; a route that does not take the connection answers as always, and then it is closed. */
const serveUpgrade = async (
  pipeline: Pipeline,
  { request, socket, head }: { readonly request: IncomingMessage; readonly socket: Socket; readonly head: Buffer },
): Promise<void> => {
  socket.on("error", () => socket.destroy());
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  let isTaken = false;
  response.on("finish", () => {
    if (!isTaken) socket.destroySoon();
  });
  if (hasBody(request)) {
    response.writeHead(400, { "Content-Length": 0 }).end();
    return;
  }
  const onTaken = (): void => {
    isTaken = true;
  };
  await pipeline({ request, response, upgrade: createUpgrade({ request, response, head, onTaken }) });
};

const trackSockets = (server: Server): Set<Duplex> => {
  const sockets = new Set<Duplex>();
  const track = (socket: Duplex): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  server.on("connection", track);
  server.on("secureConnection", track);
  return sockets;
};

const accessMetricsFor = ({ serverType, metrics = noopMetrics, clock = systemClock, routes }: ServerOptions): AccessMetrics | undefined => {
  if (serverType === undefined) return undefined;
  const buckets = bucketsOf(routes.flatMap(({ path }) => path));
  return createAccessMetrics(metrics, { serverType, buckets, monotonicMs: () => clock.monotonicMs() });
};

/** Wires a Node server to the pipeline and makes it listen. */
export const startServing = async (
  server: Server | HttpsServer,
  options: ServerOptions,
  extra: { readonly gate?: Gate; readonly isStale?: (socket: Socket) => boolean } = {},
): Promise<HttpServer> => {
  const { logger = noopLogger, maxRequests = 200, maxLongRunning = 500, maxConnections = 1000 } = options;
  const stopping = new AbortController();
  const pipeline = createPipeline({
    mux: createMux(options.routes),
    gate: extra.gate,
    maxRequests,
    maxLongRunning,
    answerTimeoutMs: options.answerTimeoutMs ?? 60_000,
    clock: options.clock ?? systemClock,
    accessMetrics: accessMetricsFor(options),
    stopping: stopping.signal,
    logger,
  });
  const sockets = trackSockets(server);
  server.maxConnections = maxConnections;
  server.on("drop", () => logger.warn("connection refused: there are too many", { maxConnections }));
  const refuses = (socket: Socket): boolean => {
    if (extra.isStale?.(socket) !== true) return false;
    socket.destroy();
    return true;
  };
  server.on("request", (request, response) => {
    if (!refuses(request.socket)) void pipeline({ request, response });
  });
  server.on("upgrade", (request, _socket, head) => {
    if (!refuses(request.socket)) void serveUpgrade(pipeline, { request, socket: request.socket, head });
  });
  const bound = await listen(server, options);
  return {
    address: bound.address,
    port: bound.port,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
