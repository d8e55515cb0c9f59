import { Agent, request as sendRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "@nk/stdx";
import { bodyOf } from "./exchange.ts";
import type { Connection, ConnectionEvents, WireRequest, WireResponse } from "./exchange.ts";
import { lostError } from "./node-error.ts";

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

/** One HTTP/1.1 connection: one request at a time, kept alive in between as long as the server allows. */
export const createHttp1Connection = (options: Http1ConnectionOptions): Connection => {
  const { socket } = options;
  let state: "open" | "draining" | "closed" = "open";
  let activeCount = 0;
  let cause = "closed";
  let drainTimer: Disposable | undefined;
  // An agent of one socket: it keeps the connection alive between requests and knows when the server says it will close it.
  const agent = new Agent({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
  let isHandedOut = false;
  agent.createConnection = () => {
    if (isHandedOut) throw Object.assign(new Error("the connection is gone"), { code: "ERR_HTTP2_INVALID_SESSION" });
    isHandedOut = true;
    return socket;
  };
  const destroy = (why: string): void => {
    if (state === "closed") return;
    cause = why;
    socket.destroy();
  };
  socket.on("error", (error: Error & { readonly code?: string }) => {
    if (cause === "closed") cause = error.code ?? "error";
  });
  socket.once("close", () => {
    state = "closed";
    drainTimer?.[Symbol.dispose]();
    agent.destroy();
    options.onClosed(cause);
  });

  const onEnded = (): void => {
    activeCount = 0;
    if (state === "draining") socket.destroy();
    // The agent has taken the socket back only by the next turn; a request before that would ask for a second one.
    else queueMicrotask(options.onFree);
  };

  return {
    protocol: "http/1.1",
    get activeCount() {
      return activeCount;
    },
    get isOpen() {
      return state === "open" && !socket.destroyed && socket.writable;
    },
    get freeCount() {
      return this.isOpen && activeCount === 0 ? 1 : 0;
    },
    async send(wire: WireRequest, signal: AbortSignal): Promise<WireResponse> {
      signal.throwIfAborted();
      let request: ClientRequest;
      try {
        const length = wire.body === undefined ? {} : { "content-length": String(wire.body.length) };
        request = sendRequest({
          agent,
          method: wire.method,
          path: wire.path,
          headers: { ...wire.headers, ...length, host: options.authority },
        });
      } catch (error) {
        throw lostError(error, "before the request was sent");
      }
      activeCount = 1;
      request.once("close", onEnded);
      const answer = awaitResponse(request, signal);
      request.end(wire.body);
      return responseOf(await answer, request, signal);
    },
    drain() {
      if (state !== "open") return;
      state = "draining";
      if (activeCount === 0) socket.destroy();
      else drainTimer = options.clock.schedule(options.drainMs, () => destroy("replaced"));
    },
    destroy,
  };
};
