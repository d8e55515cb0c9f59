import type { ServerResponse } from "node:http";

/** One request as a route sees it. */
export interface RouteRequest {
  readonly method: string;
  /** The path after the route's prefix, split at slashes and decoded; without empty parts. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal;
}

/** One path of a server. A route throws `KubeletApiError` for any answer that is not a success. */
export interface Route {
  /** First path part, e.g. `pods`. */
  readonly name: string;
  readonly methods: readonly string[];
  /** Served to callers on this host only; others are answered as if debugging handlers were off. Default false. */
  readonly isLocalOnly?: boolean;
  serve(request: RouteRequest, response: ServerResponse): Promise<void> | void;
}

/** Answers with one body that is at hand. */
export const sendText = (response: ServerResponse, body: string, contentType: string = "text/plain; charset=utf-8"): void => {
  response.writeHead(200, { "Content-Type": contentType, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
};
