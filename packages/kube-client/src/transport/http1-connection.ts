import { Agent, request as sendRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "@nk/stdx";
import { bodyOf } from "./exchange.ts";
import type { Connection, ConnectionEvents, WireRequest, WireResponse } from "./exchange.ts";
import { goneError, lostError } from "./node-error.ts";

/** What {@link createHttp1Connection} takes. */
export interface Http1ConnectionOptions extends ConnectionEvents {
  readonly socket: Socket;
  /** The value of the Host header. */
  readonly authority: string;
  /** How long its request may go on once it takes no more. */
  readonly drainMs: number;
  readonly clock: Clock;
}

const awaitResponse = (request: ClientRequest, signal: AbortSignal): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    let failure: unknown;
    const onAbort = (): void => {
      // HTTP/1.1 can give up a request only together with its connection.
      request.destroy();
      reject(signal.reason as Error);
    };
    request.once("response", resolve);
    request.on("error", (error) => {
      failure = error;
      reject(lostError(error, "before it answered"));
    });
    request.once("close", () => {
      signal.removeEventListener("abort", onAbort);
      reject(lostError(failure, "before it answered"));
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });

const responseOf = (message: IncomingMessage, request: ClientRequest, signal: AbortSignal): WireResponse => ({
  status: message.statusCode ?? 0,
  header: (name) => {
    const value = message.headers[name];
    return Array.isArray(value) ? value[0] : value;
  },
  body: bodyOf({ stream: message, signal, shortfall: () => (message.complete ? undefined : "while it answered") }),
  cancel: () => void request.destroy(),
  ping: () => Promise.resolve(true),
});

class Http1Connection implements Connection {
  readonly protocol = "http/1.1";
  readonly #options: Http1ConnectionOptions;
  /** Of one socket: it keeps the connection alive between requests and knows when the server says that it will close it. */
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
  #state: "open" | "draining" | "closed" = "open";
  #isBusy = false;
  #isHandedOut = false;
  #cause = "closed";
  #drainTimer: Disposable | undefined;

  constructor(options: Http1ConnectionOptions) {
    this.#options = options;
    this.#agent.createConnection = () => {
      if (this.#isHandedOut) throw goneError();
      this.#isHandedOut = true;
      return options.socket;
    };
    options.socket.on("error", (error: Error & { readonly code?: string }) => {
      if (this.#cause === "closed") this.#cause = error.code ?? "error";
    });
    options.socket.once("close", () => {
      this.#state = "closed";
      this.#drainTimer?.[Symbol.dispose]();
      this.#agent.destroy();
      options.onClosed(this.#cause);
    });
  }

  get activeCount(): number {
    return this.#isBusy ? 1 : 0;
  }

  get isOpen(): boolean {
    const { socket } = this.#options;
    return this.#state === "open" && !socket.destroyed && socket.writable;
  }

  get freeCount(): number {
    return this.isOpen && !this.#isBusy ? 1 : 0;
  }

  async send(wire: WireRequest, signal: AbortSignal): Promise<WireResponse> {
    signal.throwIfAborted();
    const request = this.#request(wire);
    this.#isBusy = true;
    request.once("close", () => this.#onEnded());
    const answer = awaitResponse(request, signal);
    request.end(wire.body);
    return responseOf(await answer, request, signal);
  }

  drain(): void {
    if (this.#state !== "open") return;
    this.#state = "draining";
    const { socket, clock, drainMs } = this.#options;
    if (this.#isBusy) this.#drainTimer = clock.schedule(drainMs, () => this.destroy("replaced"));
    else socket.destroy();
  }

  destroy(cause: string): void {
    if (this.#state === "closed") return;
    this.#cause = cause;
    this.#options.socket.destroy();
  }

  #request({ method, path, headers, body }: WireRequest): ClientRequest {
    const length = body === undefined ? {} : { "content-length": String(body.length) };
    try {
      return sendRequest({ agent: this.#agent, method, path, headers: { ...headers, ...length, host: this.#options.authority } });
    } catch (error) {
      throw lostError(error, "before the request was sent");
    }
  }

  #onEnded(): void {
    this.#isBusy = false;
    if (this.#state === "draining") this.#options.socket.destroy();
    else this.#options.onFree();
  }
}

/** One HTTP/1.1 connection: one request at a time, kept alive in between as long as the server allows. */
export const createHttp1Connection = (options: Http1ConnectionOptions): Connection => new Http1Connection(options);
