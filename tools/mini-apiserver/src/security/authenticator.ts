import type { IncomingMessage } from "node:http";
import type { Authenticator, UserInfo } from "../contracts.ts";
import type { TokenAuthenticator } from "./bearer-tokens.ts";
import { asAuthenticated } from "./users.ts";

/** Browsers cannot send headers with a WebSocket: the token is in a subprotocol (k8s.io/apiserver/pkg/authentication/request/websocket). */
const WEBSOCKET_TOKEN = /(?:^|,)\s*base64url\.bearer\.authorization\.k8s\.io\.([A-Za-z0-9_-]+)\s*(?:,|$)/u;

const tokenOf = (request: IncomingMessage): string | undefined => {
  const header = /^bearer\s+(\S+)\s*$/iu.exec(request.headers.authorization ?? "")?.[1];
  if (header !== undefined) return header;
  const encoded = WEBSOCKET_TOKEN.exec(request.headers["sec-websocket-protocol"] ?? "")?.[1];
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64url").toString("utf8");
};

/** What {@link createAuthenticator} takes. */
export interface AuthenticatorOptions {
  readonly certificates: Authenticator;
  readonly tokens: TokenAuthenticator;
  /** What a token must be for to be good for this server. */
  readonly audiences: readonly string[];
}

/** Client certificate, then bearer token, as the reference's order is. Nobody is anonymous. */
export const createAuthenticator = (options: AuthenticatorOptions): Authenticator => ({
  async authenticate(request): Promise<UserInfo | undefined> {
    const byCertificate = await options.certificates.authenticate(request);
    if (byCertificate !== undefined) return asAuthenticated(byCertificate);
    const token = tokenOf(request);
    const verdict = token === undefined ? undefined : options.tokens.authenticateToken(token, options.audiences);
    return verdict !== undefined && "user" in verdict ? asAuthenticated(verdict.user) : undefined;
  },
});
