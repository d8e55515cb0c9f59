import { request as requestHttp } from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { withDeadline } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { withoutTokenProtocol } from "../auth/bearer-token.ts";
import { KubeletApiError } from "../errors.ts";
import type { ClientUpgrade } from "../http/upgrade.ts";

/** How the runtime's streaming server answers a request to upgrade. */
export type BackendAnswer =
  | { readonly kind: "upgraded"; readonly answer: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }
  | { readonly kind: "refused"; readonly answer: IncomingMessage };

/** What {@link askBackend} takes. */
export interface BackendRequest {
  readonly url: string;
  readonly method: string;
  readonly upgrade: ClientUpgrade;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Credentials stay here; lengths are our own, because there is no body. */
const DROPPED: ReadonlySet<string> = new Set(["authorization", "content-length", "transfer-encoding", "x-forwarded-for", "expect"]);

const headersFor = ({ rawHeaders, clientAddress }: ClientUpgrade, method: string): readonly string[] => {
  const headers: string[] = [];
  const forwarded: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    const key = name.toLowerCase();
    if (key === "x-forwarded-for") forwarded.push(value);
    if (DROPPED.has(key)) continue;
    headers.push(name, key === "sec-websocket-protocol" ? withoutTokenProtocol(value) : value);
  }
  headers.push("X-Forwarded-For", [...forwarded, clientAddress].join(", "));
  // Node would announce a chunked body otherwise, and its end would be the first bytes of the new protocol.
  if (method !== "GET") headers.push("Content-Length", "0");
  return headers;
};

const parseUrl = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new KubeletApiError("internal", "the runtime gave no http URL for the stream");
};

const open = (url: URL, { method, upgrade }: BackendRequest): ClientRequest => {
  const isTls = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (isTls ? 443 : 80));
  const options: RequestOptions = {
    method,
    path: url.pathname + url.search,
    headers: headersFor(upgrade, method),
    // Without an agent, which would ignore this.
    createConnection: () =>
      isTls
        ? connectTls({ host, port, servername: host, ALPNProtocols: ["http/1.1"] })
        : connect({ host, port, allowHalfOpen: true, noDelay: true }),
  };
  return isTls ? requestHttps(options) : requestHttp(options);
};

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "no answer");

/** Passes a client's wish to upgrade on to the runtime's streaming server. @throws KubeletApiError "internal", or the signal's reason */
export const askBackend = async (options: BackendRequest): Promise<BackendAnswer> => {
  const { signal, clock, timeoutMs } = options;
  using deadline = withDeadline({ signal, clock, timeoutMs, what: "the runtime's streaming server" });
  const request = open(parseUrl(options.url), options);
  const onAbort = (): void => void request.destroy(deadline.signal.reason as Error);
  deadline.signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await new Promise<BackendAnswer>((resolve, reject) => {
      request.on("upgrade", (answer, socket, head) => resolve({ kind: "upgraded", answer, socket, head }));
      request.on("response", (answer) => resolve({ kind: "refused", answer }));
      request.on("error", reject);
      request.end();
    });
  } catch (error) {
    signal.throwIfAborted();
    throw new KubeletApiError("internal", `cannot reach the runtime's streaming server: ${codeOf(error)}`, { cause: error });
  } finally {
    deadline.signal.removeEventListener("abort", onAbort);
  }
};
