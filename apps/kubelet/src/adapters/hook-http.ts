import { request as requestHttp } from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";

interface HookRequest {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

const MAX_REDIRECTS = 10;

/** What Node's TLS says when the other side speaks plain HTTP; with EPROTO, which any failed handshake may have, only the text tells. */
const isPlainHttpAnswer = (error: Error): boolean =>
  "code" in error &&
  (error.code === "ERR_SSL_WRONG_VERSION_NUMBER" ||
    error.code === "ERR_SSL_PACKET_LENGTH_TOO_LONG" ||
    (error.code === "EPROTO" && /wrong version number|packet length too long/iu.test(error.message)));

/** Values by header; the case of a name does not count. */
const headersOf = (headers: HookRequest["headers"]): { readonly [name: string]: readonly string[] } => {
  const lists = new Map<string, { readonly name: string; readonly values: string[] }>();
  for (const { name, value } of headers) {
    const list = lists.get(name.toLowerCase()) ?? { name, values: [] };
    list.values.push(value);
    lists.set(name.toLowerCase(), list);
  }
  return Object.fromEntries(lists.values().map(({ name, values }) => [name, values]));
};

const send = (target: HookRequest, signal: AbortSignal | undefined): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const options: RequestOptions = {
      host: target.host,
      port: target.port,
      path: target.path,
      headers: headersOf(target.headers) as RequestOptions["headers"],
      agent: false,
      // As lenient as Go's client: CGI programs and small servers end their lines with a bare LF.
      insecureHTTPParser: true,
      ...(signal === undefined ? {} : { signal }),
    };
    const sent: ClientRequest = target.scheme === "https" ? requestHttps({ ...options, rejectUnauthorized: false }) : requestHttp(options);
    sent.on("response", (response) => {
      // Nobody reads a hook's answer; the connection goes with it.
      response.on("error", () => undefined);
      response.destroy();
      resolve(response);
    });
    // A response with status 101 comes this way, and only to who listens: without, nothing ever would, not even the abort.
    sent.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve(response);
    });
    sent.on("close", () => reject(new Error("the connection was closed without an answer")));
    sent.on("error", (error) => {
      if (signal?.aborted === true) reject(signal.reason instanceof Error ? signal.reason : error);
      else reject(error);
    });
    sent.end();
  });

const redirected = (target: HookRequest, location: string): HookRequest => {
  const host = target.host.includes(":") ? `[${target.host}]` : target.host;
  const url = new URL(location, `${target.scheme}://${host}:${target.port}${target.path}`);
  const scheme = url.protocol === "https:" ? "https" : "http";
  return {
    ...target,
    scheme,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port) || (scheme === "https" ? 443 : 80),
    path: `${url.pathname}${url.search}`,
  };
};

/**
 * HTTP lifecycle hooks over node:http(s): certificates unchecked, no proxy, redirects followed on the same host, the body thrown away. A
 * redirect to another host is an answer like any other, as in the reference (pkg/probe/http, RedirectChecker): a container must not send
 * the node, nor the hook's headers, to wherever it likes.
 */
export const sendHook = async (request: HookRequest, options: { readonly signal?: AbortSignal }): Promise<"answered" | "plain-http"> => {
  let target = request;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    try {
      const response = await send(target, options.signal);
      const location = response.headers.location;
      const status = response.statusCode ?? 0;
      if (status < 300 || status > 399 || location === undefined) return "answered";
      const next = redirected(target, location);
      if (next.host !== target.host) return "answered";
      target = next;
    } catch (error) {
      if (target.scheme === "https" && error instanceof Error && isPlainHttpAnswer(error)) return "plain-http";
      throw error;
    }
  }
  throw new Error(`http hook to port ${request.port} stopped after ${MAX_REDIRECTS} redirects`);
};
