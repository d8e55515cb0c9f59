import { isIPv6 } from "node:net";

/** `host:port`, with an IPv6 address in brackets. */
export const joinHostPort = (host: string, port: number): string => (isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`);

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "");

/** Errno to the words people know from Kubernetes' events; the reference shows what Go's net package says. */
const CONNECT_TEXTS: { readonly [code: string]: string } = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "connect: connection timed out",
  ECONNRESET: "connect: connection reset by peer",
  EADDRNOTAVAIL: "connect: cannot assign requested address",
};

/** Why a connection could not be made. */
export const describeDialError = (error: unknown, target: { readonly host: string; readonly port: number }): string => {
  const code = codeOf(error);
  if (code === "ENOTFOUND") return `dial tcp: lookup ${target.host}: no such host`;
  if (code === "EAI_AGAIN") return `dial tcp: lookup ${target.host}: server misbehaving`;
  // Happy eyeballs gathers an error for each address of a name.
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const known = CONNECT_TEXTS[codeOf(inner)];
  return `dial tcp ${joinHostPort(target.host, target.port)}: ${known ?? (error instanceof Error ? error.message : String(error))}`;
};

/** Why an exchange over a connection that was made failed. */
export const describeExchangeError = (error: unknown, target: { readonly local: string; readonly remote: string }): string => {
  const code = codeOf(error);
  if (error instanceof Error && error.message === "socket hang up") return "EOF";
  if (code === "ECONNRESET") return `read tcp ${target.local}->${target.remote}: read: connection reset by peer`;
  if (code === "EPIPE") return `write tcp ${target.local}->${target.remote}: write: broken pipe`;
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG" || code === "EPROTO")
    return "http: server gave HTTP response to HTTPS client";
  if (code.startsWith("HPE_")) return "net/http: HTTP/1.x transport connection broken: malformed HTTP response";
  return error instanceof Error ? error.message : String(error);
};
