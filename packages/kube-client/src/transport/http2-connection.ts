import { connect, constants } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import type { Socket } from "node:net";
import type { Clock } from "@nk/stdx";
import { bodyOf } from "./exchange.ts";
import type { Connection, ConnectionEvents, WireRequest, WireResponse } from "./exchange.ts";
import { createHeartbeat } from "./heartbeat.ts";
import type { Heartbeat } from "./heartbeat.ts";
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
  /** How long requests may go on once it takes no more. */
  readonly drainMs: number;
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

class Http2Connection implements Connection {
  readonly protocol = "h2";
  readonly #options: Http2ConnectionOptions;
  readonly #session: ClientHttp2Session;
  readonly #heartbeat: Heartbeat;
  #state: "open" | "draining" | "closed" = "open";
  #activeCount = 0;
  #maxStreams = INITIAL_STREAMS;
  #cause = "closed";
  #drainTimer: Disposable | undefined;

  constructor(options: Http2ConnectionOptions) {
    this.#options = options;
    this.#session = openSession(options);
    this.#heartbeat = createHeartbeat({
      clock: options.clock,
      intervalMs: options.pingIntervalMs,
      timeoutMs: options.pingTimeoutMs,
      ping: (onAnswer) => this.#ping(onAnswer),
      onDead: () => this.destroy("ping-timeout"),
    });
    this.#listen();
  }

  get activeCount(): number {
    return this.#activeCount;
  }

  get isOpen(): boolean {
    return this.#state === "open" && !this.#session.closed && !this.#session.destroyed;
  }

  get freeCount(): number {
    return this.isOpen ? Math.max(0, this.#maxStreams - this.#activeCount) : 0;
  }

  async send(request: WireRequest, signal: AbortSignal): Promise<WireResponse> {
    signal.throwIfAborted();
    const stream = this.#request(request);
    this.#activeCount += 1;
    stream.once("close", () => this.#onStreamClosed());
    this.#heartbeat.watch();
    if (request.body !== undefined) stream.end(request.body);
    const headers = await awaitHeaders(stream, signal);
    this.#heartbeat.heard();
    const shortfall = (): string | undefined =>
      stream.rstCode === constants.NGHTTP2_NO_ERROR ? undefined : `while it answered (code ${stream.rstCode ?? "unknown"})`;
    return {
      ...responseOf(headers),
      body: bodyOf({ stream, signal, shortfall }),
      cancel: () => stream.close(constants.NGHTTP2_CANCEL),
      ping: () => this.#heartbeat.check(),
    };
  }

  drain(): void {
    if (this.#state !== "open") return;
    this.#state = "draining";
    const { clock, drainMs } = this.#options;
    if (this.#activeCount === 0) this.destroy("closed");
    else this.#drainTimer = clock.schedule(drainMs, () => this.destroy("replaced"));
  }

  destroy(cause: string): void {
    if (this.#state === "closed") return;
    this.#cause = cause;
    this.#session.destroy();
    // An orderly end waits for the peer, which may be gone.
    this.#options.socket.destroy();
  }

  #request(request: WireRequest): ClientHttp2Stream {
    const headers = { ...request.headers, ":method": request.method, ":path": request.path };
    try {
      return this.#session.request(headers, { endStream: request.body === undefined });
    } catch (error) {
      throw lostError(error, "before the request was sent");
    }
  }

  #ping(onAnswer: () => void): boolean {
    try {
      // After GOAWAY Node sends no PING; then the limit on draining takes its place.
      const isAsked: unknown = this.#session.ping((error) => {
        if (error === null) onAnswer();
      });
      return isAsked === true;
    } catch {
      return false;
    }
  }

  #listen(): void {
    const { socket, onFree, onClosed } = this.#options;
    this.#session.on("error", (error: Error & { readonly code?: string }) => {
      if (this.#cause === "closed") this.#cause = error.code ?? "error";
    });
    this.#session.on("goaway", () => {
      this.drain();
      onFree();
    });
    this.#session.on("remoteSettings", ({ maxConcurrentStreams }) => {
      this.#maxStreams = maxConcurrentStreams ?? this.#maxStreams;
      onFree();
    });
    this.#session.once("close", () => {
      this.#state = "closed";
      this.#heartbeat[Symbol.dispose]();
      this.#drainTimer?.[Symbol.dispose]();
      socket.destroy();
      onClosed(this.#cause);
    });
  }

  #onStreamClosed(): void {
    this.#activeCount -= 1;
    if (this.#activeCount === 0) this.#heartbeat.rest();
    if (this.#activeCount === 0 && this.#state === "draining") this.destroy("closed");
    this.#options.onFree();
  }
}

/** An HTTP/2 connection over a socket on which "h2" was agreed. */
export const createHttp2Connection = (options: Http2ConnectionOptions): Connection => new Http2Connection(options);
