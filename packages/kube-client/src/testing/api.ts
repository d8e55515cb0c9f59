import type { Http2ServerResponse } from "node:http2";
import type { ServerResponse } from "node:http";
import type { Clock } from "@nk/stdx";
import type { ResourceKind } from "../kinds.ts";
import { ApiStatusError } from "./api-error.ts";
import type { FaultAction, Faults } from "./faults.ts";
import { answer, clientNameOf, connectionOf, goAway, readRequestBody, refuseStream, reset, truncate } from "./http-exchange.ts";
import type { ServerExchange } from "./http-exchange.ts";
import type { ObjectStore } from "./object-store.ts";
import { answerReview, answerSubresource } from "./reviews.ts";
import type { ReviewOptions } from "./reviews.ts";
import { parseRoute } from "./routes.ts";
import { createFakeVerbs } from "./verbs.ts";
import type { FakeAnswer } from "./verbs.ts";
import type { FakeWatches, WatchSink } from "./watches.ts";

/** A request as a fake server saw it. */
export interface RecordedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name. Holds the Authorization header. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string | undefined;
  /** The common name of the client certificate. */
  readonly clientName: string | undefined;
  /** Counts connections from 1, in the order in which they made requests. */
  readonly connection: number;
  readonly httpVersion: string;
}

/** What {@link createApi} takes. */
export interface ApiOptions extends ReviewOptions {
  readonly tls?: { readonly requireClient?: boolean | undefined } | undefined;
  readonly tokens?: readonly string[] | undefined;
  readonly store: ObjectStore;
  readonly faults: Faults;
  readonly watches: FakeWatches;
  readonly clock: Clock;
  readonly kinds: readonly ResourceKind[];
}

/** The HTTP side of a fake server. */
export interface FakeApi {
  serve(exchange: ServerExchange): Promise<void>;
  acceptTokens(tokens: readonly string[] | undefined): void;
  readonly requests: readonly RecordedRequest[];
}

const MAX_RECORDED = 10_000;

const sinkOf = ({ response }: ServerExchange): WatchSink => {
  const stream = response as ServerResponse & Pick<Http2ServerResponse, never>;
  return {
    write(text) {
      if (stream.destroyed || stream.writableEnded) return;
      if (!stream.headersSent) {
        stream.writeHead(200, { "content-type": "application/json" });
        stream.flushHeaders();
      }
      if (text !== "") stream.write(text);
    },
    end: () => void stream.end(),
    onClosed: (listener) => void stream.once("close", listener),
  };
};

class Api implements FakeApi {
  readonly requests: RecordedRequest[] = [];
  readonly #options: ApiOptions;
  readonly #connections = new WeakMap<object, number>();
  #connectionCount = 0;
  #tokens: readonly string[] | undefined;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#tokens = options.tokens;
  }

  acceptTokens(tokens: readonly string[] | undefined): void {
    this.#tokens = tokens;
  }

  async serve(exchange: ServerExchange): Promise<void> {
    // Answers to connections that are cut have nowhere to go.
    exchange.response.on("error", () => {});
    exchange.request.on("error", () => {});
    try {
      await this.#serve(exchange);
    } catch (error) {
      const failure = error instanceof ApiStatusError ? error : new ApiStatusError(500, "InternalError", { message: String(error) });
      const seconds = failure.status.details?.retryAfterSeconds;
      answer(exchange, failure.code, JSON.stringify(failure.status), seconds === undefined ? {} : { "retry-after": String(seconds) });
    }
  }

  async #serve(exchange: ServerExchange): Promise<void> {
    const recorded = await this.#record(exchange);
    const isWatch = ["true", "1"].includes(recorded.query.get("watch") ?? "");
    const fault = this.#options.faults.take({ method: recorded.method, path: recorded.path, isWatch });
    if (fault !== undefined && (await this.#break(exchange, fault)) === "done") return;
    this.#authenticate(recorded);
    if (isWatch) {
      this.#options.watches.start(parseRoute(recorded.path, this.#options.kinds), recorded.query, sinkOf(exchange));
      return;
    }
    if (["/readyz", "/livez", "/healthz"].includes(recorded.path)) {
      answer(exchange, 200, "ok", { "content-type": "text/plain" });
      return;
    }
    const { code, body } = this.#answer(recorded);
    if (fault?.type === "reset-after") reset(exchange);
    else if (fault?.type === "truncate") truncate(exchange, JSON.stringify(body), fault.afterBytes);
    else answer(exchange, code, JSON.stringify(body));
  }

  async #record(exchange: ServerExchange): Promise<RecordedRequest> {
    const { request } = exchange;
    const connection = connectionOf(exchange);
    if (!this.#connections.has(connection)) {
      this.#connectionCount += 1;
      this.#connections.set(connection, this.#connectionCount);
    }
    const url = new URL(request.url ?? "/", "http://fake");
    const recorded: RecordedRequest = {
      method: request.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      clientName: clientNameOf(exchange),
      connection: this.#connections.get(connection) ?? 0,
      httpVersion: request.httpVersion,
      body: await readRequestBody(exchange),
    };
    this.requests.push(recorded);
    if (this.requests.length > MAX_RECORDED) this.requests.shift();
    return recorded;
  }

  #authenticate({ headers, clientName }: RecordedRequest): void {
    const isAsked = this.#tokens !== undefined || this.#options.tls?.requireClient === true;
    if (!isAsked || clientName !== undefined) return;
    const { authorization } = headers;
    const isKnown = typeof authorization === "string" && this.#tokens?.some((token) => authorization === `Bearer ${token}`) === true;
    if (!isKnown) throw new ApiStatusError(401, "Unauthorized", { message: "Unauthorized" });
  }

  #answer({ method, path, query, headers, body: text }: RecordedRequest): FakeAnswer {
    const { store, clock, kinds } = this.#options;
    if (path === "/version") return { code: 200, body: { major: "1", minor: "36", gitVersion: "v1.36.0" } };
    const body: unknown = text === undefined ? undefined : JSON.parse(text);
    const review = method === "POST" ? answerReview(path, body, this.#options) : undefined;
    if (review !== undefined) return { code: 201, body: review };
    const route = parseRoute(path, kinds);
    const contentType = String(headers["content-type"] ?? "").split(";")[0] ?? "";
    const verbs = createFakeVerbs(store, clock);
    if (method !== "POST" || route.subresource === undefined) return verbs.answer(method, { route, query, contentType, body });
    const evict = (): void => void verbs.answer("DELETE", { route: { ...route, subresource: undefined }, query, contentType, body: {} });
    return { code: 201, body: answerSubresource(route, body, { store, clock, evict }) };
  }

  /** "done" when there is nothing more to do for the request. */
  async #break(exchange: ServerExchange, fault: FaultAction): Promise<"done" | "go-on"> {
    switch (fault.type) {
      case "status": {
        const { status, reason = "Fault", message = "a fault of the fake", retryAfterSeconds } = fault;
        const body = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", reason, message, code: status };
        answer(exchange, status, JSON.stringify(body), retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) });
        return "done";
      }
      case "body":
        answer(exchange, fault.status ?? 200, fault.text);
        return "done";
      case "hang":
        return "done";
      case "delay":
        await this.#options.clock.sleep(fault.delayMs);
        return "go-on";
      case "reset":
        reset(exchange);
        return "done";
      case "goaway":
        goAway(exchange, { isBefore: false });
        return "go-on";
      case "goaway-before":
        goAway(exchange, { isBefore: true });
        return "done";
      case "refuse-stream":
        refuseStream(exchange);
        return "done";
      case "reset-after":
      case "truncate":
        return "go-on";
    }
  }
}

/** The API over a store, with faults. */
export const createApi = (options: ApiOptions): FakeApi => new Api(options);
