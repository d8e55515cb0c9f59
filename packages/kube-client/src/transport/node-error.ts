import { constants } from "node:http2";
import { KubeClientError } from "../errors.ts";

// The only file that knows the error codes of Node's net, tls, http and http2.

const codeOf = (error: unknown): string | undefined =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" ? error.code : undefined;

const CONNECT_TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name could not be looked up",
  ETIMEDOUT: "it does not answer",
  EHOSTUNREACH: "there is no route to it",
  ENETUNREACH: "there is no route to it",
  ECONNRESET: "it closed the connection during the handshake",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is not signed by the configured authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is not signed by the configured authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is not signed by the configured authority",
  CERT_SIGNATURE_FAILURE: "its certificate is not signed by the configured authority",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
};

/** Why no connection came about. Nothing was sent, so the request had no effect. */
export const connectError = (server: string, error: unknown): KubeClientError => {
  if (error instanceof KubeClientError) return error;
  const code = codeOf(error) ?? (error instanceof AggregateError ? codeOf(error.errors[0]) : undefined);
  const text = code === undefined ? undefined : (CONNECT_TEXTS[code] ?? `${code}`);
  return new KubeClientError({
    code: "connect-failed",
    message: `cannot connect to ${server}${text === undefined ? "" : `: ${text}`}`,
    details: { mayHaveHadEffect: false },
    cause: error,
  });
};

/** Codes with which node:http2 says that a request never left: the session was closing or gone. */
const NEVER_SENT: ReadonlySet<string> = new Set(["ERR_HTTP2_GOAWAY_SESSION", "ERR_HTTP2_INVALID_SESSION", "ERR_HTTP2_OUT_OF_STREAMS"]);

/** What a connection throws at a request that comes after its end; {@link lostError} knows that it was never sent. */
export const goneError = (): Error => Object.assign(new Error("the connection is gone"), { code: "ERR_HTTP2_INVALID_SESSION" });

/** The peer refused the stream, or its GOAWAY came before it: RFC 9113 section 8.7 guarantees that it was not processed. */
const isRefused = (rstCode: number | undefined): boolean => rstCode === constants.NGHTTP2_REFUSED_STREAM;

/** A connection or stream that broke with a request on it. */
export const lostError = (error: unknown, when: string, rstCode?: number): KubeClientError => {
  const code = codeOf(error);
  const isNeverSent = isRefused(rstCode) || (code !== undefined && NEVER_SENT.has(code));
  return new KubeClientError({
    code: "connection-lost",
    message: `the connection to the API server was lost ${when}${code === undefined ? "" : ` (${code})`}`,
    details: { mayHaveHadEffect: !isNeverSent },
    cause: error instanceof KubeClientError ? undefined : error,
  });
};
