import type { IncomingMessage, ServerResponse } from "node:http";
import type { SubresourceHandler, VirtualResource } from "../contracts.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";
import type { RequestInfo } from "../server/request-info.ts";
import { sendAnswer, sendText } from "../server/respond.ts";
import { describeGroups } from "./groups.ts";
import { VERSION_INFO } from "./version.ts";

/** What discovery tells about. */
export interface DiscoveryOptions {
  readonly kinds: readonly KindDefinition[];
  readonly subresources: readonly SubresourceHandler[];
  readonly virtualResources: readonly VirtualResource[];
  readonly serverAddress: string;
}

/** Answers everything that is no resource. */
export interface Discovery {
  serve(info: RequestInfo, request: IncomingMessage, response: ServerResponse): void;
}

const HEALTH_PATH = /^\/(?:healthz|livez|readyz)(?:\/.*)?$/u;

/** Discovery documents, version and health. */
export const createDiscovery = (options: DiscoveryOptions): Discovery => {
  const documents = describeGroups(options);
  const sendJson = (response: ServerResponse, value: unknown): void => sendAnswer(response, { code: 200, body: JSON.stringify(value) });
  return {
    serve(info, _request, response) {
      const path = info.attributes.path.replace(/\/+$/u, "") || "/";
      const document = documents.get(path);
      if (HEALTH_PATH.test(path)) sendText(response, 200, "ok");
      else if (path === "/version") sendJson(response, VERSION_INFO);
      else if (document !== undefined) sendJson(response, document);
      else sendText(response, 404, "404 page not found\n");
    },
  };
};
