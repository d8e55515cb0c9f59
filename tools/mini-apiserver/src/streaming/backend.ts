import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import type { Credential } from "../security/pki.ts";

/** How to reach kubelets. */
export interface BackendOptions {
  /** What the server shows to kubelets. */
  readonly credential: Credential;
  /** Verify kubelets' serving certificates by this; default: they are not verified, as without --kubelet-certificate-authority. */
  readonly kubeletCaPem?: string | undefined;
  /** Until a connection stands and the first header came; default 30,000. Streams last as long as they like after that. */
  readonly connectTimeoutMs?: number | undefined;
}

/** One request to a kubelet or a pod. */
export interface BackendRequest {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  /** Sent as it comes. */
  readonly body?: IncomingMessage | undefined;
  readonly signal: AbortSignal;
}

/** What came back: an ordinary answer, or a connection that now speaks another protocol. */
export type BackendAnswer =
  | { readonly kind: "response"; readonly response: IncomingMessage }
  | { readonly kind: "upgraded"; readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Buffer };

/** Sends requests to kubelets and pods. */
export interface Backend {
  /** Rejects with what the connection failed with; aborting the signal closes it, also later. */
  send(request: BackendRequest): Promise<BackendAnswer>;
}

/** Said of one connection only, or a credential for this server: none of them is the backend's business. */
const NOT_FORWARDED: ReadonlySet<string> = new Set([
  "host",
  "authorization",
  "proxy-authorization",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "content-length",
  "expect",
]);

const TOKEN_PROTOCOL = /^base64url\.bearer\.authorization\.k8s\.io\./u;

/**
 * The headers to send on: all but those of the connection, the client's credentials and impersonation. With `isUpgrade` the two that ask
 * for the upgrade stay.
 */
export const forwardedHeaders = (message: IncomingMessage, isUpgrade: boolean): OutgoingHttpHeaders => {
  const headers: { [name: string]: string[] } = {};
  for (let index = 0; index < message.rawHeaders.length; index += 2) {
    const [name = "", value = ""] = message.rawHeaders.slice(index, index + 2);
    const lower = name.toLowerCase();
    // Over HTTP/2 the request line comes as headers that begin with a colon.
    if (NOT_FORWARDED.has(lower) || lower.startsWith("impersonate-") || lower.startsWith(":")) continue;
    if (!isUpgrade && (lower === "connection" || lower === "upgrade")) continue;
    (headers[lower] ??= []).push(value);
  }
  const protocols = headers["sec-websocket-protocol"]?.flatMap((value) => value.split(",")).map((value) => value.trim());
  if (protocols !== undefined) headers["sec-websocket-protocol"] = [protocols.filter((value) => !TOKEN_PROTOCOL.test(value)).join(", ")];
  return headers;
};

const OF_CONNECTION: ReadonlySet<string> = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

/** The headers of an answer that go on to the client. */
export const answerHeaders = ({ headers }: { readonly headers: IncomingHttpHeaders }): OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_CONNECTION.has(name)));

const DEFAULT_CONNECT_TIMEOUT_MS = 30_000;

/** A {@link Backend} over node:http and node:https, one connection a request. */
export const createBackend = (options: BackendOptions): Backend => {
  const { credential, kubeletCaPem, connectTimeoutMs = DEFAULT_CONNECT_TIMEOUT_MS } = options;
  const tls = {
    cert: credential.certificatePem,
    key: credential.privateKeyPem,
    ...(kubeletCaPem === undefined ? { rejectUnauthorized: false } : { ca: kubeletCaPem }),
  };
  return {
    send: ({ scheme, body, host, ...rest }) =>
      new Promise((resolve, reject) => {
        const target = { ...rest, hostname: host, agent: false as const };
        const request = scheme === "https" ? httpsRequest({ ...target, ...tls }) : httpRequest(target);
        // Cleared by the first answer: a log or an exec session may be silent for hours.
        request.setTimeout(connectTimeoutMs, () => request.destroy(new Error(`no answer from ${host} within ${connectTimeoutMs} ms`)));
        request.once("error", reject);
        request.once("response", (response) => {
          response.socket.setTimeout(0);
          resolve({ kind: "response", response });
        });
        request.once("upgrade", (response, socket, head) => {
          response.socket.setTimeout(0);
          resolve({ kind: "upgraded", response, socket, head });
        });
        if (body === undefined) request.end();
        else {
          body.once("error", () => request.destroy());
          body.pipe(request);
        }
      }),
  };
};
