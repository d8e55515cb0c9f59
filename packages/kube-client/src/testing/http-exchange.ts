import { constants } from "node:http2";
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from "node:http2";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** A request to the fake, over HTTP/1.1 or HTTP/2. */
export interface ServerExchange {
  readonly request: IncomingMessage | Http2ServerRequest;
  readonly response: ServerResponse | Http2ServerResponse;
}

const sessionOf = ({ request }: ServerExchange): ServerHttp2Session | undefined =>
  ("stream" in request ? request.stream.session : undefined) as ServerHttp2Session | undefined;

/** What stands for the connection: the same object for each of its requests. */
export const connectionOf = (exchange: ServerExchange): object => sessionOf(exchange) ?? exchange.request.socket;

const socketOf = (exchange: ServerExchange): Socket | TLSSocket =>
  (sessionOf(exchange)?.socket ?? exchange.request.socket) as Socket | TLSSocket;

/** The common name of a client certificate that the authority signed. */
export const clientNameOf = (exchange: ServerExchange): string | undefined => {
  // The socket of an HTTP/2 session is a proxy, to which `in` does not reach.
  const socket = socketOf(exchange) as Partial<TLSSocket>;
  if (socket.authorized !== true) return undefined;
  // An empty object stands for "none".
  const name: unknown = socket.getPeerCertificate?.().subject?.CN;
  return typeof name === "string" ? name : undefined;
};

const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** The whole body; undefined when there is none. */
export const readRequestBody = async ({ request }: ServerExchange): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new Error("the request's body is too long");
    chunks.push(chunk);
  }
  return length === 0 ? undefined : Buffer.concat(chunks).toString("utf8");
};

/** Sends a complete answer. */
export const answer = (
  { response }: ServerExchange,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void => {
  if (response.writableEnded || response.destroyed) return;
  response.statusCode = status;
  for (const [name, value] of Object.entries({ "content-type": "application/json", ...headers })) response.setHeader(name, value);
  (response as ServerResponse).end(text);
};

/** Cuts the connection without a word. */
export const reset = (exchange: ServerExchange): void => {
  const session = sessionOf(exchange);
  if (session === undefined) exchange.request.socket.destroy();
  else session.destroy();
};

/** Sends the length of an answer and only its beginning, then cuts the connection. */
export const truncate = (exchange: ServerExchange, text: string, afterBytes: number): void => {
  const response = exchange.response as ServerResponse;
  response.writeHead(200, { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) });
  response.write(Buffer.from(text).subarray(0, afterBytes), () => reset(exchange));
};

/** HTTP/2: tells the peer that requests after this one (or this one too) are not taken. HTTP/1.1: that the connection will close. */
export const goAway = (exchange: ServerExchange, options: { readonly isBefore: boolean }): void => {
  const { request, response } = exchange;
  if (!("stream" in request)) {
    (response as ServerResponse).setHeader("connection", "close");
    return;
  }
  const { id = 0 } = request.stream;
  // Node cannot say "none of them": the first request of a connection is refused by itself as well.
  sessionOf(exchange)?.goaway(constants.NGHTTP2_NO_ERROR, options.isBefore ? Math.max(1, id - 2) : id);
  if (options.isBefore && id <= 1) request.stream.close(constants.NGHTTP2_REFUSED_STREAM);
};

/** HTTP/2 only: refuses the stream; HTTP/1.1 connections are cut. */
export const refuseStream = (exchange: ServerExchange): void => {
  const { request } = exchange;
  if ("stream" in request) request.stream.close(constants.NGHTTP2_REFUSED_STREAM);
  else reset(exchange);
};
