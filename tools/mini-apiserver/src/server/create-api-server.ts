import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { noopLogger, systemClock, systemRandom } from "@nk/stdx";
import type { Clock, Logger, RandomSource } from "@nk/stdx";
import { ApiError, forbidden, isApiError, unauthorized, unknownPath } from "../api-error.ts";
import type {
  Admitter,
  Authenticator,
  Authorizer,
  RequestAttributes,
  Store,
  SubresourceHandler,
  UserInfo,
  VirtualResource,
} from "../contracts.ts";
import { createDiscovery } from "../discovery/discovery.ts";
import { ALL_KINDS } from "../kinds/all-kinds.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";
import { createKindRegistry } from "../kinds/registry.ts";
import { readRequestInfo } from "./request-info.ts";
import type { RequestInfo } from "./request-info.ts";
import type { ServerLimits, ServerParts } from "./resource-request.ts";
import { asApiError, sendError } from "./respond.ts";
import { createRouter } from "./router.ts";
import { refuseUpgrade } from "./upgrade.ts";

/** What {@link createApiServer} takes. */
export interface ApiServerOptions {
  readonly store: Store;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** Subresources that are no plain REST: log, exec, eviction ... */
  readonly subresources?: readonly SubresourceHandler[];
  /** Kinds that are only asked, never stored: TokenReview ... */
  readonly virtualResources?: readonly VirtualResource[];
  /** Have the last word on writes, in this order. */
  readonly admitters?: readonly Admitter[];
  /** Default: all of this tool. */
  readonly kinds?: readonly KindDefinition[];
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly logger?: Logger;
  readonly limits?: Partial<ServerLimits>;
  /** `host:port` that discovery tells; default 127.0.0.1:6443. */
  readonly serverAddress?: string;
}

/** The request pipeline, without a socket: give it to whatever server listens. */
export interface ApiServer {
  handler(request: IncomingMessage, response: ServerResponse): void;
  /** For `Connection: Upgrade` over HTTP/1.1. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends the open watches; later ones end at once. */
  close(): void;
}

const DEFAULT_LIMITS: ServerLimits = { maxBodyBytes: 3 * 1024 * 1024, maxWatches: 2000, minWatchSeconds: 1800, bookmarkSeconds: 60 };

/** Answers anybody, as the reference does for `system:unauthenticated`. */
const PUBLIC_PATHS: ReadonlySet<string> = new Set(["/healthz", "/livez", "/readyz", "/version", "/version/"]);

const describe = (user: UserInfo, attributes: RequestAttributes, isResource: boolean): string => {
  const who = `User ${JSON.stringify(user.username)} cannot ${attributes.verb}`;
  if (!isResource) return `${who} path ${JSON.stringify(attributes.path)}`;
  const { resource = "", subresource, group = "", namespace } = attributes;
  const what = `resource ${JSON.stringify(subresource === undefined ? resource : `${resource}/${subresource}`)} in API group ${JSON.stringify(group)}`;
  return `${who} ${what} ${namespace === undefined ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`}`;
};

const authorize = async (authorizer: Authorizer, user: UserInfo, { attributes, isResource }: RequestInfo): Promise<void> => {
  const { allowed, reason } = await authorizer.authorize(user, attributes);
  if (allowed) return;
  const text = `${describe(user, attributes, isResource)}${reason === "" ? "" : `: ${reason}`}`;
  const resource = { group: attributes.group ?? "", resource: isResource ? (attributes.resource ?? "") : "" };
  throw forbidden(resource, attributes.name ?? "", { text });
};

/** One for all: the stack of each would cost more than most requests. */
const GONE = new ApiError("the client has gone away", { code: 499, reason: "" });

/** Aborts when the client goes away or the server closes. */
const watchClient = (client: ServerResponse | Duplex, closing: AbortSignal): AbortSignal => {
  const gone = new AbortController();
  const leave = (): void => {
    closing.removeEventListener("abort", leave);
    // Nobody waits for a request that is answered; a connection that was handed over is another matter.
    if (!("statusCode" in client && client.writableEnded)) gone.abort(GONE);
  };
  client.on("close", leave);
  closing.addEventListener("abort", leave, { once: true });
  if (closing.aborted) leave();
  return gone.signal;
};

/** The pipeline: who asks, may they, what is it. Every error ends as a Status; none escapes. */
export const createApiServer = (options: ApiServerOptions): ApiServer => {
  const { store, authenticator, authorizer, clock = systemClock, random = systemRandom, logger = noopLogger } = options;
  const { kinds = ALL_KINDS, subresources = [], virtualResources = [], admitters = [], serverAddress = "127.0.0.1:6443" } = options;
  const limits: ServerLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const parts: ServerParts = { store, clock, random, logger, admitters, limits, openWatches: { count: 0 } };
  const registry = createKindRegistry(kinds);
  const discovery = createDiscovery({ kinds, subresources, virtualResources, serverAddress });
  const router = createRouter({ parts, registry, discovery, subresources, virtualResources });
  const closing = new AbortController();

  const admit = async (request: IncomingMessage): Promise<{ readonly info: RequestInfo; readonly user: UserInfo }> => {
    const info = readRequestInfo(request.method ?? "GET", request.url ?? "/");
    const user = await authenticator.authenticate(request);
    if (user === undefined) throw unauthorized();
    await authorize(authorizer, user, info);
    return { info, user };
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const warnings: string[] = [];
    try {
      const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
      if (PUBLIC_PATHS.has(path) || /^\/(?:livez|readyz|healthz)\//u.test(path)) {
        discovery.serve(readRequestInfo(request.method ?? "GET", request.url ?? "/"), request, response);
        return;
      }
      const { info, user } = await admit(request);
      await router.route({ info, user, request, response, signal: watchClient(response, closing.signal), warnings });
    } catch (error) {
      const refusal = asApiError(error);
      if (!isApiError(error) && !response.destroyed) logger.error("a request failed", { path: request.url, error });
      sendError(response, refusal, warnings);
      // An answer that had begun can only be broken off.
      if (!response.writableEnded) response.destroy();
    }
  };

  const serveUpgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    try {
      const { info, user } = await admit(request);
      if (!info.isResource) throw unknownPath();
      await router.upgrade({ info, user, request, socket, head, signal: watchClient(socket, closing.signal) });
    } catch (error) {
      refuseUpgrade(socket, asApiError(error));
    }
  };

  return {
    handler: (request, response) => void serve(request, response),
    upgrade: (request, socket, head) => {
      // A peer that resets the connection is no reason to end the process.
      socket.on("error", () => socket.destroy());
      void serveUpgrade(request, socket, head);
    },
    close: () => closing.abort(),
  };
};
