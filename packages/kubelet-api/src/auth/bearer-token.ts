import type { IncomingMessage } from "node:http";

const PROTOCOL_PREFIX = "base64url.bearer.authorization.k8s.io.";

/** What a request has for a bearer token. */
export type BearerToken = { readonly kind: "none" } | { readonly kind: "malformed" } | { readonly kind: "token"; readonly token: string };

const NONE: BearerToken = { kind: "none" };
const MALFORMED: BearerToken = { kind: "malformed" };

const fromAuthorization = (header: string | undefined): BearerToken => {
  const [scheme = "", token = ""] = (header ?? "").trim().split(" ");
  return scheme.toLowerCase() === "bearer" && token !== "" ? { kind: "token", token } : NONE;
};

const isWebSocket = (request: IncomingMessage): boolean =>
  request.headers.upgrade?.toLowerCase() === "websocket" && (request.headers.connection ?? "").toLowerCase().includes("upgrade");

const protocolsOf = (header: string): readonly string[] => header.split(",").map((protocol) => protocol.trim());

/** A WebSocket's subprotocols without the one that carries a token, which nobody behind the authentication is to see. */
export const withoutTokenProtocol = (header: string): string =>
  protocolsOf(header)
    .filter((protocol) => !protocol.startsWith(PROTOCOL_PREFIX))
    .join(", ");

/** Browsers can't set headers on a WebSocket, so a token may come as a subprotocol, beside at least one real one. */
const fromProtocols = (request: IncomingMessage): BearerToken => {
  if (!isWebSocket(request)) return NONE;
  const protocols = protocolsOf(request.headers["sec-websocket-protocol"] ?? "");
  const tokens = protocols.filter((protocol) => protocol.startsWith(PROTOCOL_PREFIX));
  const [encoded] = tokens;
  if (encoded === undefined) return NONE;
  const token = Buffer.from(encoded.slice(PROTOCOL_PREFIX.length), "base64url").toString("utf8");
  if (tokens.length > 1 || token === "" || token.includes("\uFFFD") || tokens.length === protocols.length) return MALFORMED;
  return { kind: "token", token };
};

/** The bearer token of a request, from its Authorization header or from a WebSocket's subprotocols. */
export const readBearerToken = (request: IncomingMessage): BearerToken => {
  const header = fromAuthorization(request.headers.authorization);
  return header.kind === "none" ? fromProtocols(request) : header;
};
