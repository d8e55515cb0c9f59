import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { linkSignals, noopLogger } from "@nk/stdx";
import type { Logger } from "@nk/stdx";
import { isKubeletApiError, KubeletApiError } from "./errors.ts";
import type { Route } from "./route.ts";

/** Options of a plain HTTP server. */
export interface HttpServerOptions {
  /** e.g. `127.0.0.1`. */
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly routes: readonly Route[];
  /** Requests served at one time; more are answered with 429. Default 200. */
  readonly maxRequests?: number;
  /** Connections open at one time, idle ones included; more are closed at once. Default 1000. */
  readonly maxConnections?: number;
  readonly logger?: Logger;
}

/** A server that listens from {@link openHttpServer} on until it is closed. */
export interface HttpServer extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
}

/** The reference's answer where debugging handlers are off. */
const DISABLED = "Debug endpoints are disabled.";

/** Whether an address, as a socket shows it, is of this host's loopback. */
export const isLoopback = (address: string | undefined): boolean => /^(?:::ffff:)?127\.|^::1$/.test(address ?? "");

const decodeParts = (path: string): readonly string[] => {
  try {
    return path
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent);
  } catch {
    throw new KubeletApiError("bad-request", "malformed path");
  }
};

const sendError = (response: ServerResponse, error: unknown, logger: Logger): void => {
  if (response.headersSent) {
    // Too late for a status: a cut connection is the only way left to say that the body is not whole.
    response.destroy();
    return;
  }
  const known = isKubeletApiError(error) ? error : new KubeletApiError("internal", "internal error", { cause: error });
  if (!isKubeletApiError(error)) logger.error("request failed", { error });
  response.writeHead(known.status, { "Content-Type": "text/plain; charset=utf-8", "Content-Length": Buffer.byteLength(known.message) });
  response.end(known.message);
};

const routeRequest = async (options: {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly routes: ReadonlyMap<string, Route>;
  readonly signal: AbortSignal;
}): Promise<void> => {
  const { request, response, routes, signal } = options;
  const [path = "/", search = ""] = (request.url ?? "/").split("?", 2);
  const [name, ...rest] = decodeParts(path);
  const route = name === undefined ? undefined : routes.get(name);
  if (route === undefined) throw new KubeletApiError("not-found", "404 page not found\n");
  if (route.isLocalOnly === true && !isLoopback(request.socket.remoteAddress)) throw new KubeletApiError("method-not-allowed", DISABLED);
  const method = request.method ?? "GET";
  if (!route.methods.includes(method)) throw new KubeletApiError("method-not-allowed", "405: Method Not Allowed");
  await route.serve({ method, rest, query: new URLSearchParams(search), signal }, response);
};

const listen = async (server: Server, options: HttpServerOptions): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    // Stays for as long as the server does: unheard, a later error event of the server would end the process.
    server.on("error", (error) => {
      options.logger?.warn("http server failed", { address: options.address, port: options.port, error });
      reject(new KubeletApiError("internal", `listen on ${options.address}:${options.port} failed`, { cause: error }));
    });
    server.listen({ host: options.address, port: options.port }, () => {
      const bound = server.address();
      if (bound === null || typeof bound === "string") reject(new KubeletApiError("internal", "the server has no address after listen"));
      else resolve(bound);
    });
  });

/**
 * Starts a plain HTTP server. It has no authentication: it is for loopback (health) and for the read-only port. Closing it ends running
 * requests, followed logs among them.
 */
export const openHttpServer = async (options: HttpServerOptions): Promise<HttpServer> => {
  const { logger = noopLogger, maxRequests = 200, maxConnections = 1000 } = options;
  const routes = new Map(options.routes.map((route) => [route.name, route]));
  const stopping = new AbortController();
  let running = 0;
  const server = createServer({ requestTimeout: 60_000, headersTimeout: 10_000, maxHeaderSize: 16 * 1024 }, (request, response) => {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    request.resume();
    void serve(request, response, gone.signal);
  });
  const serve = async (request: IncomingMessage, response: ServerResponse, gone: AbortSignal): Promise<void> => {
    using linked = linkSignals(gone, stopping.signal);
    running += 1;
    try {
      if (running > maxRequests) throw new KubeletApiError("too-many-requests", "too many requests, please try again later");
      await routeRequest({ request, response, routes, signal: linked.signal });
    } catch (error) {
      if (linked.signal.aborted) response.destroy();
      else sendError(response, error, logger);
    } finally {
      running -= 1;
    }
  };
  server.maxConnections = maxConnections;
  const bound = await listen(server, options);
  return {
    address: bound.address,
    port: bound.port,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
};
