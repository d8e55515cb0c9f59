import { isDeadlineError, isStdxError, withDeadline } from "@nk/stdx";
import type { Clock, Logger } from "@nk/stdx";
import type { Credentials } from "../credentials/identity.ts";
import { isKubeClientError, KubeClientError } from "../errors.ts";
import type { Lane } from "../kinds.ts";
import type { KubeClientMetrics } from "../metrics.ts";
import type { WireResponse } from "../transport/exchange.ts";
import type { SentRequest, Transport } from "../transport/transport.ts";
import { readBody } from "./body.ts";
import type { RequestLimiter } from "./rate-limit.ts";
import type { Reachability } from "./reachability.ts";
import { parseRetryAfter, statusError } from "./status-error.ts";

/** A request as the verbs see it. */
export interface ApiRequest {
  /** "get pods default/web": the message of an error begins with "cannot" and this. */
  readonly what: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly lane: Lane;
  readonly contentType?: string | undefined;
  /** Default application/json. */
  readonly accept?: string | undefined;
  readonly body?: string | undefined;
  /** Whether doing it twice is the same as doing it once. */
  readonly isIdempotent: boolean;
  readonly isUrgent?: boolean | undefined;
}

/** Limits of one request. */
export interface SendLimits {
  readonly signal?: AbortSignal | undefined;
  /** For all attempts together. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** A complete answer with a status below 400. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** What {@link createSender} takes. */
export interface SenderOptions {
  readonly transport: Transport;
  readonly credentials: Credentials;
  readonly limiter: RequestLimiter;
  readonly reachability: Reachability;
  readonly metrics: KubeClientMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly userAgent: string;
  /** Retries after the server asked to wait. */
  readonly maxRetries: number;
}

/** Sends requests: rate limit, credentials, retries, metrics. */
export interface Sender {
  readonly host: string;
  send(request: ApiRequest, limits: SendLimits): Promise<ApiAnswer>;
  /** The answer's beginning, with a status below 400; the signal covers the body too. One attempt, apart from refused credentials. */
  open(request: ApiRequest, signal: AbortSignal): Promise<WireResponse>;
}

/** Attempts on connections that turned out to be closing; each costs nothing but the time to connect. */
const MAX_CONNECTION_RETRIES = 3;
const MAX_ERROR_BYTES = 64 * 1024;

/** What went wrong with an attempt, and what may be done about it. */
interface Failure {
  readonly error: unknown;
  /** Wait so long, then try again; undefined: not to be retried. */
  readonly waitMs: number | undefined;
  readonly isConnection: boolean;
}

const decideAfterStatus = (request: ApiRequest, error: KubeClientError, retryAfterMs: number | undefined): Failure => {
  // 429 comes from the server's own queues, before anything was done; after a 5xx that is not sure.
  const isSafe = error.status === 429 || request.isIdempotent;
  const isAsked = retryAfterMs !== undefined && (error.status === 429 || (error.status ?? 0) >= 500);
  return { error, waitMs: isAsked && isSafe ? retryAfterMs : undefined, isConnection: false };
};

const decideAfterLoss = (request: ApiRequest, error: unknown): Failure => {
  const isLost = isKubeClientError(error, "connection-lost");
  const isSafe = isLost && (error.details.mayHaveHadEffect === false || (request.isIdempotent && request.method === "GET"));
  return { error, waitMs: isSafe ? 0 : undefined, isConnection: true };
};

class RequestSender implements Sender {
  readonly host: string;
  readonly #options: SenderOptions;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.host = options.transport.host;
  }

  async send(request: ApiRequest, limits: SendLimits): Promise<ApiAnswer> {
    const { clock } = this.#options;
    const { timeoutMs } = limits;
    limits.signal?.throwIfAborted();
    using deadline = withDeadline({ signal: limits.signal, timeoutMs, clock, what: request.what });
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    try {
      for (let retries = 0, connectionRetries = 0; ;) {
        const outcome = await this.#attempt(request, { limits, signal: deadline.signal, isRetry: retries + connectionRetries > 0 });
        if (!("error" in outcome)) return outcome;
        const { error, waitMs, isConnection } = outcome;
        if (isConnection) connectionRetries += 1;
        else retries += 1;
        const isExhausted = retries > this.#options.maxRetries || connectionRetries > MAX_CONNECTION_RETRIES;
        // Waiting beyond the deadline would only turn a clear error into a timeout.
        if (waitMs === undefined || isExhausted || clock.monotonicMs() + waitMs >= deadlineMs) throw error;
        if (waitMs > 0) await clock.sleep(waitMs, { signal: deadline.signal });
      }
    } catch (error) {
      const explained = this.#explain(request, error, limits);
      this.#options.reachability.failed(explained);
      throw explained;
    }
  }

  async open(request: ApiRequest, signal: AbortSignal): Promise<WireResponse> {
    try {
      await this.#throttle(request, signal);
      const { response } = await this.#sendOnce(request, signal, false);
      if (response.status < 400) return response;
      const body = await readBody(response, MAX_ERROR_BYTES);
      throw this.#statusError(request, response, body);
    } catch (error) {
      throw this.#explain(request, error, { signal, timeoutMs: Infinity });
    }
  }

  async #attempt(
    request: ApiRequest,
    context: { readonly limits: SendLimits; readonly signal: AbortSignal; readonly isRetry: boolean },
  ): Promise<ApiAnswer | Failure> {
    const { metrics, clock } = this.#options;
    const { signal } = context;
    await this.#throttle(request, signal);
    const startMs = clock.monotonicMs();
    const labels = { verb: request.method, host: this.host };
    try {
      const { response } = await this.#sendOnce(request, signal, context.isRetry);
      const body = await readBody(response, response.status < 400 ? context.limits.maxBytes : MAX_ERROR_BYTES);
      metrics.responseSizeBytes.observe(body.length, labels);
      if (response.status < 400) return { status: response.status, body };
      return decideAfterStatus(request, this.#statusError(request, response, body), parseRetryAfter(response.header("retry-after")));
    } catch (error) {
      signal.throwIfAborted();
      return decideAfterLoss(request, error);
    } finally {
      metrics.requestDurationSeconds.observe((clock.monotonicMs() - startMs) / 1_000, labels);
    }
  }

  async #throttle(request: ApiRequest, signal: AbortSignal): Promise<void> {
    const { limiter, metrics, clock } = this.#options;
    const startMs = clock.monotonicMs();
    const isLimited = await limiter.wait({ lane: request.lane, isUrgent: request.isUrgent === true }, signal);
    if (!isLimited) return;
    metrics.rateLimiterDurationSeconds.observe((clock.monotonicMs() - startMs) / 1_000, { verb: request.method, host: this.host });
  }

  /** One request, and a second one when the server refuses the credentials and newer ones are to be had: a 401 has no effect. */
  async #sendOnce(request: ApiRequest, signal: AbortSignal, isRetry: boolean): Promise<SentRequest> {
    const sent = await this.#count(request, signal, isRetry);
    if (sent.response.status !== 401) return sent;
    const renewed = await this.#options.credentials.renew(sent.identity, { signal });
    if (renewed === sent.identity) return sent;
    sent.response.cancel();
    this.#options.logger.info("the API server refused the credentials; newer ones are used");
    return await this.#count(request, signal, true);
  }

  async #count(request: ApiRequest, signal: AbortSignal, isRetry: boolean): Promise<SentRequest> {
    const { transport, metrics, userAgent, reachability } = this.#options;
    const body = request.body === undefined ? undefined : Buffer.from(request.body);
    const labels = { verb: request.method, host: this.host };
    const headers: Record<string, string> = { accept: request.accept ?? "application/json", "user-agent": userAgent };
    if (body !== undefined) headers["content-type"] = request.contentType ?? "application/json";
    metrics.requestSizeBytes.observe(body?.length ?? 0, labels);
    let code = "<error>";
    try {
      const sent = await transport.send({ method: request.method, path: request.path, headers, body, lane: request.lane }, signal);
      code = String(sent.response.status);
      reachability.answered(sent.response.status);
      return sent;
    } catch (error) {
      reachability.failed(error);
      throw error;
    } finally {
      metrics.requests.inc({ code, method: request.method, host: this.host });
      if (isRetry) metrics.requestRetries.inc({ code, ...labels });
    }
  }

  #statusError(request: ApiRequest, response: WireResponse, body: Buffer): KubeClientError {
    return statusError({
      what: `cannot ${request.what}`,
      status: response.status,
      retryAfter: response.header("retry-after"),
      body: body.toString("utf8"),
    });
  }

  #explain(request: ApiRequest, error: unknown, limits: Pick<SendLimits, "signal" | "timeoutMs">): unknown {
    if (limits.signal?.aborted === true) return limits.signal.reason;
    if (isDeadlineError(error)) {
      const message = `cannot ${request.what}: no answer within ${limits.timeoutMs} ms`;
      return new KubeClientError({ code: "timeout", message, cause: error });
    }
    if (isStdxError(error) && error.code === "queue-full") {
      const message = `cannot ${request.what}: too many requests wait for their turn already`;
      return new KubeClientError({ code: "queue-full", message, details: { mayHaveHadEffect: false }, cause: error });
    }
    if (!isKubeClientError(error) || error.message.startsWith(`cannot ${request.what}`)) return error;
    return new KubeClientError({
      code: error.code,
      message: `cannot ${request.what}: ${error.message}`,
      details: error.details,
      cause: error.cause,
    });
  }
}

/** A sender over a transport. */
export const createSender = (options: SenderOptions): Sender => new RequestSender(options);
