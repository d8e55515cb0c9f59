import { connect, createServer, constants } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream, Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { CRI_METHODS } from "@nk/cri-api";
import type { ServerStreamMethod, UnaryMethod } from "@nk/cri-api";
import { systemClock } from "@nk/stdx";

/** A call that went through the proxy and was answered. */
export interface ProxiedCall {
  /** e.g. `RunPodSandbox`. */
  readonly method: string;
  readonly request: object;
  /** Empty when the answer is an error. */
  readonly response: object;
  /** Undefined for success. */
  readonly error: { readonly code: number; readonly details: string } | undefined;
  /** Of the answer, on the monotonic clock. */
  readonly answeredAtMs: number;
}

/** A call that went through the proxy, whether or not it has been answered: some are broken off. */
export interface MadeCall {
  readonly method: string;
  readonly request: object;
  /** When the request was complete, on the monotonic clock. */
  readonly madeAtMs: number;
  /** Undefined while there is no answer. */
  readonly call: ProxiedCall | undefined;
}

/** A proxy between a kubelet and its runtime. */
export interface RecordingProxy {
  readonly endpoint: string;
  /** The calls so far that succeeded, in the order in which they were made. */
  readonly calls: readonly ProxiedCall[];
  /** The failed ones among them too. A call is the same object each time. */
  readonly allCalls: readonly ProxiedCall[];
  /** All of them, in the order in which they were made; the list grows, and answers come. */
  readonly madeCalls: readonly MadeCall[];
  close(): Promise<void>;
}

type AnyMethod = UnaryMethod<object, object> | ServerStreamMethod<object, object>;

const METHODS: ReadonlyMap<string, AnyMethod> = new Map(
  Object.values(CRI_METHODS as unknown as { readonly [key: string]: AnyMethod }).map((method) => [method.path, method]),
);

/** The first gRPC message of a body: a flag byte, the length in four bytes, the message. */
const firstMessage = (chunks: readonly Buffer[]): Buffer => Buffer.concat(chunks).subarray(5);

/** HTTP/2's own headers are set anew for the other connection. */
const plainHeaders = (headers: IncomingHttpHeaders): { [name: string]: string | string[] | undefined } =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(":") || name === ":path" || name === ":method"));

/** Headers of an answer, `:status` among them, without what Node adds by symbols. */
const answerHeaders = (headers: IncomingHttpHeaders): { [name: string]: unknown } => Object.fromEntries(Object.entries(headers));

/** How a call ended. */
interface Ending {
  /** gRPC's; `0` is success. */
  readonly status: string;
  readonly details: string;
  readonly body: readonly Buffer[];
}

/** Answers of more pieces than this are forwarded without being remembered whole. */
const MAX_PIECES = 64;

const endingOf = (headers: IncomingHttpHeaders, body: readonly Buffer[]): Ending => ({
  status: String(headers["grpc-status"]),
  details: decodeURIComponent(String(headers["grpc-message"] ?? "")),
  body,
});

const forwardAnswer = (down: ServerHttp2Stream, up: ClientHttp2Stream, onDone: (ending: Ending) => void): void => {
  const body: Buffer[] = [];
  let trailers: IncomingHttpHeaders = {};
  up.on("trailers", (received: IncomingHttpHeaders) => (trailers = received));
  up.on("response", (headers, flags) => {
    if (down.destroyed) return;
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) {
      down.respond(answerHeaders(headers) as never, { endStream: true });
      onDone(endingOf(headers, []));
      return;
    }
    down.respond(answerHeaders(headers) as never, { waitForTrailers: true });
    down.on("wantTrailers", () => {
      onDone(endingOf(trailers, body));
      down.sendTrailers(answerHeaders(trailers) as never);
    });
    up.on("data", (chunk: Buffer) => {
      if (body.length < MAX_PIECES) body.push(chunk);
      down.write(chunk);
    });
    up.on("end", () => down.end());
  });
  const reset = (): void => {
    if (!down.destroyed && !down.closed) down.close(constants.NGHTTP2_INTERNAL_ERROR);
  };
  up.on("error", reset);
  up.on("aborted", reset);
};

/** A call that may not have been answered yet. */
interface Entry {
  readonly method: string;
  request: object;
  madeAtMs: number;
  call: ProxiedCall | undefined;
}

const settle = (entry: Entry, method: AnyMethod | undefined, { status, details, body }: Ending): void => {
  if (method?.responseStream !== false) return;
  const isWhole = status === "0" && body.length > 0 && body.length < MAX_PIECES;
  entry.call = {
    method: entry.method,
    request: entry.request,
    response: isWhole ? method.response.decode(firstMessage(body)) : {},
    error: status === "0" ? undefined : { code: Number(status), details },
    answeredAtMs: systemClock.monotonicMs(),
  };
};

/** Forwards every call to the runtime as it is, bytes and all, and remembers those that were answered. */
export const openRecordingProxy = async (paths: { readonly listen: string; readonly runtime: string }): Promise<RecordingProxy> => {
  const entries: Entry[] = [];
  const sessions = new Set<{ destroy(): void }>();
  let upstream: ClientHttp2Session | undefined;
  const openUpstream = (): ClientHttp2Session => {
    if (upstream !== undefined && !upstream.destroyed && !upstream.closed) return upstream;
    upstream = connect("http://localhost", { createConnection: () => connectSocket(paths.runtime) });
    upstream.on("error", () => undefined);
    return upstream;
  };
  const server: Http2Server = createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (down, headers) => {
    const method = METHODS.get(String(headers[":path"]));
    const entry: Entry = { method: method?.name ?? String(headers[":path"]), request: {}, madeAtMs: 0, call: undefined };
    const request: Buffer[] = [];
    down.on("error", () => undefined);
    const up = openUpstream().request({ ...plainHeaders(headers), ":scheme": "http", ":authority": "localhost" });
    down.on("data", (chunk: Buffer) => {
      request.push(chunk);
      up.write(chunk);
    });
    down.on("end", () => {
      if (method !== undefined) entry.request = method.request.decode(firstMessage(request));
      entry.madeAtMs = systemClock.monotonicMs();
      entries.push(entry);
      up.end();
    });
    down.on("close", () => {
      if (!up.destroyed) up.close(constants.NGHTTP2_CANCEL);
    });
    forwardAnswer(down, up, (ending) => settle(entry, method, ending));
  });
  server.listen(paths.listen);
  await once(server, "listening");
  const answered = (): readonly ProxiedCall[] => entries.flatMap(({ call }) => call ?? []);
  return {
    endpoint: `unix://${paths.listen}`,
    get calls() {
      return answered().filter(({ error }) => error === undefined);
    },
    get allCalls() {
      return answered();
    },
    madeCalls: entries,
    close: async () => {
      upstream?.destroy();
      for (const session of sessions) session.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
};
