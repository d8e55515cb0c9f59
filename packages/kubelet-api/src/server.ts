import { createServer } from "node:http";
import { nodeOptions, startServing } from "./http/serving.ts";
import type { HttpServer, ServerOptions } from "./http/serving.ts";

/** Options of a plain HTTP server. */
export type HttpServerOptions = ServerOptions;

/**
 * Starts a plain HTTP server. It has no authentication: it is for loopback (health) and for the read-only port. Closing it ends running
 * requests, followed logs among them. @throws KubeletApiError "internal" when it can't listen
 */
export const openHttpServer = async (options: HttpServerOptions): Promise<HttpServer> =>
  startServing(createServer(nodeOptions(options, { maxHeaderBytes: 16 * 1024 })), options);
