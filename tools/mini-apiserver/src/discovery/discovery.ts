import type { IncomingMessage, ServerResponse } from "node:http";
import type { SubresourceHandler, VirtualResource } from "../contracts.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";
import type { RequestInfo } from "../server/request-info.ts";
import { sendAnswer, sendText } from "../server/respond.ts";
import { aggregatedContentType, aggregatedVersion, describeAggregated } from "./aggregated.ts";
import { describeGroups, listResources } from "./groups.ts";
import { createOpenApi } from "./openapi.ts";
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

const sendHealth = (path: string, query: URLSearchParams, response: ServerResponse): void => {
  const [, check = ""] = path.split("/");
  sendText(response, 200, query.has("verbose") ? `[+]ping ok\n[+]storage ok\n${check} check passed\n` : "ok");
};

/** Discovery documents, OpenAPI, version and health. */
export const createDiscovery = (options: DiscoveryOptions): Discovery => {
  const documents = describeGroups(options);
  const resources = listResources(options);
  const openApi = createOpenApi(options.kinds);
  const index = {
    paths: ["/api", ...documents.keys(), "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"].toSorted(),
  };

  const sendAggregated = (path: string, version: string, response: ServerResponse): void => {
    const body = JSON.stringify(describeAggregated(resources, { isCore: path === "/api", version }));
    sendAnswer(response, { code: 200, body, headers: { "content-type": aggregatedContentType(version), vary: "Accept" } });
  };

  const textOf = (path: string): string | undefined => {
    if (path === "/version") return JSON.stringify(VERSION_INFO);
    if (path === "/") return JSON.stringify(index);
    const document = documents.get(path);
    return document === undefined ? openApi.find(path) : JSON.stringify(document);
  };

  return {
    serve(info, request, response) {
      const path = info.attributes.path.replace(/\/+$/u, "") || "/";
      if (HEALTH_PATH.test(path)) {
        sendHealth(path, info.query, response);
        return;
      }
      const version = path === "/api" || path === "/apis" ? aggregatedVersion(request.headers.accept) : undefined;
      const text = version === undefined ? textOf(path) : undefined;
      if (version !== undefined) sendAggregated(path, version, response);
      else if (text === undefined) sendText(response, 404, "404 page not found\n");
      else sendAnswer(response, { code: 200, body: text });
    },
  };
};
