import type { IncomingMessage, ServerResponse } from "node:http";
import { linkSignals } from "@nk/stdx";
import type { Clock, Logger } from "@nk/stdx";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { KubeletApiError, pathNotFound } from "../errors.ts";
import type { UserInfo } from "../ports.ts";
import type { Route } from "../route.ts";
import type { AccessMetrics } from "./access-metrics.ts";
import { readBody } from "./body.ts";
import type { Mux, MuxResult } from "./mux.ts";
import { sendError, sendRedirect } from "./respond.ts";
import type { ClientUpgrade } from "./upgrade.ts";

/** Who may come in. */
export interface Gate {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
}

/** What serves requests. */
export interface PipelineOptions {
  readonly mux: Mux;
  /** Absent: everybody may do what the routes of the server do. */
  readonly gate: Gate | undefined;
  readonly maxRequests: number;
  readonly maxLongRunning: number;
  readonly answerTimeoutMs: number;
  readonly clock: Clock;
  readonly accessMetrics: AccessMetrics | undefined;
  readonly stopping: AbortSignal;
  readonly logger: Logger;
}

/** One request on its way. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upgrade?: ClientUpgrade;
}

/** Serves one request to its end, whatever it is; never rejects. */
export type Pipeline = (exchange: Exchange) => Promise<void>;

/** Whether an address, as a socket shows it, is of this host's loopback. */
export const isLoopback = (address: string | undefined): boolean => /^(?:::ffff:)?127\.|^::1$/.test(address ?? "");

const tooMany = (): KubeletApiError =>
  new KubeletApiError("too-many-requests", "too many requests, please try again later", { headers: { "Retry-After": "1" } });

/** Requests being served, under two limits. */
const createAdmission = (options: PipelineOptions): { enter(): Disposable & { turnLong(): void; readonly kind: "short" | "long" } } => {
  const running = { short: 0, long: 0 };
  return {
    enter: () => {
      if (running.short >= options.maxRequests) throw tooMany();
      running.short += 1;
      let kind: keyof typeof running = "short";
      return {
        get kind() {
          return kind;
        },
        turnLong: () => {
          if (running.long >= options.maxLongRunning) throw tooMany();
          running.short -= 1;
          running.long += 1;
          kind = "long";
        },
        [Symbol.dispose]: () => {
          running[kind] -= 1;
        },
      };
    },
  };
};

const admit = async (
  route: Route,
  { request }: Exchange,
  { gate, signal }: { readonly gate: Gate | undefined; readonly signal: AbortSignal },
): Promise<UserInfo | undefined> => {
  if (gate === undefined) {
    if (route.isLocalOnly === true && !isLoopback(request.socket.remoteAddress))
      throw new KubeletApiError("method-not-allowed", "Debug endpoints are disabled.\n");
    return undefined;
  }
  const user = await gate.authenticator.authenticate(request, { signal });
  if (user === undefined) throw new KubeletApiError("unauthorized", "Unauthorized");
  await gate.authorizer.authorize({ user, method: request.method ?? "GET", subresources: route.subresources ?? ["proxy"] }, { signal });
  return user;
};

const checkMethod = ({ methods }: Route, method: string): void => {
  if (methods === "any" || methods.includes(method)) return;
  throw new KubeletApiError("method-not-allowed", "405: Method Not Allowed", { headers: { Allow: methods.join(", ") } });
};

const serveRoute = async (
  found: Extract<MuxResult, { readonly kind: "route" }>,
  exchange: Exchange,
  context: { readonly gate: Gate | undefined; readonly signal: AbortSignal; readonly turnLong: () => void },
): Promise<void> => {
  const { route, path, rest, query } = found;
  const { request, response, upgrade } = exchange;
  const { signal } = context;
  const method = request.method ?? "GET";
  const user = await admit(route, exchange, context);
  checkMethod(route, method);
  if (route.isLongRunning?.({ query }) === true) context.turnLong();
  // A body nobody reads would keep the connection paused, and a client that leaves unseen.
  if (route.readsBody !== true) request.resume();
  const readWhole = (options: { readonly limitBytes: number }): Promise<Buffer> => readBody(request, options.limitBytes);
  await route.serve({ method, path, rest, query, headers: request.headers, user, signal, readBody: readWhole, upgrade }, response);
};

/**
 * Until the client has taken an answer that is whole: until then its bytes are in our memory, and a client who does not read would have
 * any number of them. A long request is at the client's pace; a short one's answer is cut off after `timeoutMs`.
 */
const untilTaken = async (
  response: ServerResponse,
  { signal, clock, timeoutMs }: { readonly signal: AbortSignal; readonly clock: Clock; readonly timeoutMs: number | undefined },
): Promise<void> => {
  if (!response.writableEnded || response.writableFinished || signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const onEnd = (): void => resolve();
  response.once("finish", onEnd);
  signal.addEventListener("abort", onEnd, { once: true });
  const cut = (): void => {
    response.destroy();
    resolve();
  };
  using _timer = timeoutMs === undefined ? undefined : clock.schedule(timeoutMs, cut);
  await promise;
  signal.removeEventListener("abort", onEnd);
};

const pathOf = (target: string): string => target.split("?", 1)[0] ?? target;

/** The way of every request: count, limit, find the route, authenticate, authorise, serve. What is refused reaches no route. */
export const createPipeline = (options: PipelineOptions): Pipeline => {
  const { mux, gate, stopping, logger, accessMetrics, clock } = options;
  const admission = createAdmission(options);
  const dispatch = async (exchange: Exchange, signal: AbortSignal): Promise<void> => {
    const { request, response } = exchange;
    using admitted = admission.enter();
    const found = mux(request.url ?? "/");
    if (found.kind === "none") throw pathNotFound();
    if (found.kind === "redirect") sendRedirect(response, found.location, request.method ?? "GET");
    else await serveRoute(found, exchange, { gate, signal, turnLong: () => admitted.turnLong() });
    await untilTaken(response, { signal, clock, timeoutMs: admitted.kind === "short" ? options.answerTimeoutMs : undefined });
  };
  return async (exchange) => {
    const { request, response } = exchange;
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    response.on("error", (error) => logger.debug("answer could not be written", { error }));
    using linked = linkSignals(gone.signal, stopping);
    using _counted = accessMetrics?.begin({ method: request.method ?? "", path: pathOf(request.url ?? "/") });
    try {
      await dispatch(exchange, linked.signal);
    } catch (error) {
      if (linked.signal.aborted) response.destroy();
      else sendError(response, error, logger);
    }
  };
};
