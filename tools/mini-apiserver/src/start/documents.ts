import type { IncomingMessage, ServerResponse } from "node:http";
import { forbidden, unauthorized } from "../api-error.ts";
import type { Authenticator, Authorizer } from "../contracts.ts";
import type { ApiServer } from "../server/create-api-server.ts";
import { asApiError, sendError } from "../server/respond.ts";

/** Something to read at a path of its own. */
export interface Document {
  readonly path: string;
  readonly contentType: string;
  /** Made anew for each reader. */
  readonly body: () => object;
}

/** Who may read. */
export interface DocumentOptions {
  readonly documents: readonly Document[];
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
}

/** The server, which now also gives out documents to whoever may `get` their paths. */
export const withDocuments = (server: ApiServer, options: DocumentOptions): ApiServer => {
  const { authenticator, authorizer } = options;
  const byPath = new Map(options.documents.map((document) => [document.path, document]));

  const serve = async (document: Document, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { path } = document;
    try {
      const user = await authenticator.authenticate(request);
      if (user === undefined) throw unauthorized();
      const { allowed } = await authorizer.authorize(user, { verb: "get", path });
      if (!allowed) throw forbidden({ group: "", resource: "" }, "", { text: `User "${user.username}" cannot get path "${path}"` });
      const body = Buffer.from(JSON.stringify(document.body()));
      response.writeHead(200, { "content-type": document.contentType, "content-length": body.length }).end(body);
    } catch (error) {
      sendError(response, asApiError(error), []);
    }
  };

  return {
    ...server,
    handler: (request, response) => {
      const document = request.method === "GET" ? byPath.get(request.url?.split("?", 1)[0] ?? "") : undefined;
      if (document === undefined) server.handler(request, response);
      else void serve(document, request, response);
    },
  };
};

/** How relying parties learn to verify tokens (OpenID Connect discovery). */
export const issuerDocuments = (signer: { discovery(): object; keySet(): object }): readonly Document[] => [
  { path: "/.well-known/openid-configuration", contentType: "application/json", body: () => signer.discovery() },
  { path: "/openid/v1/jwks", contentType: "application/jwk-set+json", body: () => signer.keySet() },
];
