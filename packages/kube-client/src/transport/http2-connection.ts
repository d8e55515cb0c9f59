import { connect, constants } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import type { Socket } from "node:net";
import type { Clock } from "@nk/stdx";
import { bodyOf } from "./exchange.ts";
import type { Connection, ConnectionEvents, WireRequest, WireResponse } from "./exchange.ts";
import { createHeartbeat } from "./heartbeat.ts";
import { lostError } from "./node-error.ts";

/** What {@link createHttp2Connection} takes. */
export interface Http2ConnectionOptions extends ConnectionEvents {
  readonly socket: Socket;
  /** Scheme and authority of the server. */
  readonly origin: string;
  /** While requests are under way, how often the peer is asked for a sign of life. */
  readonly pingIntervalMs: number;
  /** How long it may take to answer. */
  readonly pingTimeoutMs: number;
  readonly clock: Clock;
}

/** What a server allows before its SETTINGS arrive, as nghttp2 and Go assume. */
const INITIAL_STREAMS = 100;
/** Receive windows: a list of some MiB needs no round trips. Data is read as it comes, so they hold nothing. */
const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 32 * 1024 * 1024;
/** Node's default of 10 MB refuses streams on a busy connection with hundreds of watches. */
const SESSION_MEMORY_MB = 512;

const responseOf = (
  headers: IncomingHttpHeaders & { readonly ":status"?: number | undefined },
): Pick<WireResponse, "status" | "header"> => ({
  status: headers[":status"] ?? 0,
  header: (name) => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  },
});

/** Resolves with the headers of the answer; rejects when the stream ends before. */
const awaitHeaders = (stream: ClientHttp2Stream, signal: AbortSignal): Promise<IncomingHttpHeaders> =>
  new Promise((resolve, reject) => {
    let failure: unknown;
    const onAbort = (): void => {
      stream.close(constants.NGHTTP2_CANCEL);
      reject(signal.reason as Error);
    };
    stream.once("response", (headers) => resolve(headers));
    // Stays for good: a stream may fail at any time later, and its body says so.
    stream.on("error", (error) => (failure = error));
    stream.once("close", () => {
      signal.removeEventListener("abort", onAbort);
      reject(lostError(failure, "before it answered", stream.rstCode));
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });

const openSession = (options: Http2ConnectionOptions): ClientHttp2Session => {
  const session = connect(options.origin, {
    createConnection: () => options.socket,
    maxSessionMemory: SESSION_MEMORY_MB,
    peerMaxConcurrentStreams: INITIAL_STREAMS,
    settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
  });
  session.once("connect", () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
  return session;
};

/** An HTTP/2 connection over a socket on which "h2" was agreed. */
export const createHttp2Connection = (options: Http2ConnectionOptions): Connection => {
  const session = openSession(options);
  let state: "open" | "draining" | "closed" = "open";
  let activeCount = 0;
  let maxStreams = INITIAL_STREAMS;
  let cause = "closed";

  const destroy = (why: string): void => {
    if (state === "closed") return;
    cause = why;
    session.destroy();
    // An orderly end waits for the peer, which may be gone.
    options.socket.destroy();
  };
  const heartbeat = createHeartbeat({
    clock: options.clock,
    intervalMs: options.pingIntervalMs,
    timeoutMs: options.pingTimeoutMs,
    ping: (onAnswer) => {
      try {
        // Before the handshake is over it returns nothing and asks later.
        const isAsked: unknown = session.ping((error) => {
          if (error === null) onAnswer();
        });
        return isAsked !== false;
      } catch {
        return false;
      }
    },
    onDead: () => destroy("ping-timeout"),
  });
  const drain = (): void => {
    if (state === "open") state = "draining";
    if (state === "draining" && activeCount === 0) destroy("closed");
  };

  session.on("error", (error: Error & { readonly code?: string }) => {
    if (cause === "closed") cause = error.code ?? "error";
  });
  session.on("goaway", () => {
    drain();
    options.onFree();
  });
  session.on("remoteSettings", ({ maxConcurrentStreams }) => {
    maxStreams = maxConcurrentStreams ?? maxStreams;
    options.onFree();
  });
  session.once("close", () => {
    state = "closed";
    heartbeat[Symbol.dispose]();
    options.socket.destroy();
    options.onClosed(cause);
  });

  const onStreamClosed = (): void => {
    activeCount -= 1;
    if (activeCount === 0) heartbeat.rest();
    if (activeCount === 0 && state === "draining") destroy("closed");
    options.onFree();
  };

  return {
    protocol: "h2",
    get activeCount() {
      return activeCount;
    },
    get isOpen() {
      return state === "open" && !session.closed && !session.destroyed;
    },
    get freeCount() {
      return this.isOpen ? Math.max(0, maxStreams - activeCount) : 0;
    },
    async send(request: WireRequest, signal: AbortSignal): Promise<WireResponse> {
      signal.throwIfAborted();
      let stream: ClientHttp2Stream;
      try {
        stream = session.request(
          { ...request.headers, ":method": request.method, ":path": request.path },
          { endStream: request.body === undefined },
        );
      } catch (error) {
        throw lostError(error, "before the request was sent");
      }
      activeCount += 1;
      stream.once("close", onStreamClosed);
      heartbeat.watch();
      if (request.body !== undefined) stream.end(request.body);
      const headers = await awaitHeaders(stream, signal);
      heartbeat.heard();
      const shortfall = (): string | undefined =>
        stream.rstCode === constants.NGHTTP2_NO_ERROR ? undefined : `while it answered (code ${stream.rstCode ?? "unknown"})`;
      return {
        ...responseOf(headers),
        body: bodyOf({ stream, signal, shortfall }),
        cancel: () => stream.close(constants.NGHTTP2_CANCEL),
        ping: () => heartbeat.check(),
      };
    },
    drain,
    destroy,
  };
};
