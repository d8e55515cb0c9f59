import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { ClientUpgrade } from "./http/upgrade.ts";
import type { UserInfo } from "./ports.ts";

/** One request as a route sees it: authenticated and authorised where the server does that. */
export interface RouteRequest {
  readonly method: string;
  /** The whole path, decoded. */
  readonly path: string;
  /** The path after the route's own, split at slashes and decoded; without empty parts. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Who asks; undefined on a server without authentication. */
  readonly user: UserInfo | undefined;
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal;
  /** The whole body. @throws KubeletApiError "too-large" */
  readBody(options: { readonly limitBytes: number }): Promise<Buffer>;
  /** Present when the client asks to go on with another protocol. */
  readonly upgrade: ClientUpgrade | undefined;
}

/** A kubelet's own subresources of `nodes`, which requests are authorised against. */
export type NodeSubresource = "pods" | "healthz" | "configz" | "statusz" | "stats" | "metrics" | "log" | "checkpoint" | "proxy";

/** One path of a server. A route throws `KubeletApiError` for any answer that is not a success. */
export interface Route {
  /** e.g. `/pods`; or with a slash at the end, `/logs/`, when the path without it is only redirected there. Several for one code. */
  readonly path: string | readonly string[];
  /** `tree`: everything below belongs to the route too. Default `exact`. */
  readonly scope?: "exact" | "tree";
  readonly methods: readonly string[] | "any";
  /** What a caller must be allowed, any one of them. Default `["proxy"]`. */
  readonly subresources?: readonly NodeSubresource[];
  /**
   * On a server without authentication it is served to callers on this host only; others are answered as if debugging handlers were
   * off. Default false.
   */
  readonly isLocalOnly?: boolean;
  /** Whether a request may last: such requests have a limit of their own, so that they cannot crowd out the short ones. */
  isLongRunning?(request: { readonly query: URLSearchParams }): boolean;
  /** Whether it calls `readBody`; a body that it does not read is thrown away. Default false. */
  readonly readsBody?: boolean;
  serve(request: RouteRequest, response: ServerResponse): Promise<void> | void;
}

/** Answers with one body that is at hand. */
export const sendText = (response: ServerResponse, body: string | Uint8Array, contentType: string = "text/plain; charset=utf-8"): void => {
  response.writeHead(200, {
    "Content-Type": contentType,
    "Content-Length": Buffer.byteLength(body),
    "X-Content-Type-Options": "nosniff",
  });
  response.end(body);
};
