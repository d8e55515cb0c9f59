import type { IncomingMessage, ServerResponse } from "node:http";
import { forbidden, unauthorized } from "../api-error.ts";
import type { Authenticator, Authorizer } from "../contracts.ts";
import type { TokenSigner } from "../security/token-signer.ts";
import type { ApiServer } from "../server/create-api-server.ts";
import { asApiError, sendError } from "../server/respond.ts";

/** What {@link withIssuerDiscovery} takes. */
export interface IssuerDiscoveryOptions {
  readonly server: ApiServer;
  readonly signer: TokenSigner;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
}

/** The server, which now also tells relying parties how to verify its tokens: `/.well-known/openid-configuration` and `/openid/v1/jwks`. */
export const withIssuerDiscovery = (options: IssuerDiscoveryOptions): ApiServer => {
  const { server, signer, authenticator, authorizer } = options;
  const documents: { readonly [path: string]: { readonly type: string; readonly body: () => object } } = {
    "/.well-known/openid-configuration": { type: "application/json", body: () => signer.discovery() },
    "/openid/v1/jwks": { type: "application/jwk-set+json", body: () => signer.keySet() },
  };

  const serve = async (path: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const document = documents[path];
    if (document === undefined) return;
    try {
      const user = await authenticator.authenticate(request);
      if (user === undefined) throw unauthorized();
      const { allowed } = await authorizer.authorize(user, { verb: "get", path });
      if (!allowed) throw forbidden({ group: "", resource: "" }, "", { text: `User "${user.username}" cannot get path "${path}"` });
      response
        .writeHead(200, { "content-type": document.type, "cache-control": "public, max-age=3600" })
        .end(JSON.stringify(document.body()));
    } catch (error) {
      sendError(response, asApiError(error), []);
    }
  };

  return {
    ...server,
    handler: (request, response) => {
      const path = request.url?.split("?", 1)[0] ?? "";
      if (request.method === "GET" && Object.hasOwn(documents, path)) void serve(path, request, response);
      else server.handler(request, response);
    },
  };
};
