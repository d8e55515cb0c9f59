import { Metadata } from "@grpc/grpc-js";
import type { ClientReadableStream } from "@grpc/grpc-js";
import type { ServerStreamMethod, UnaryMethod } from "@nk/cri-api";
import type { Clock } from "@nk/stdx";
import type { Connection } from "./connection.ts";
import { CriError } from "./errors.ts";
import { toCriError } from "./grpc-error.ts";

/** How one call is made: `timeoutMs` is final here, `Infinity` for none. */
export interface TransportCall<Request> {
  readonly connection: Connection;
  readonly request: Request;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
}

/** grpc-timeout has at most eight digits; 27 hours are as good as none. */
const LONGEST_GRPC_TIMEOUT_MS = 99_999_999;

/**
 * The runtime is told the deadline, so that it gives up too. The header is written here and not by grpc-js, whose deadlines run
 * on the system's clock only.
 */
const metadataFor = (timeoutMs: number): Metadata => {
  const metadata = new Metadata();
  if (timeoutMs <= LONGEST_GRPC_TIMEOUT_MS) metadata.set("grpc-timeout", `${String(Math.max(1, Math.ceil(timeoutMs)))}m`);
  return metadata;
};

const serializer =
  <T>(codec: { encode(message: T): { finish(): Uint8Array } }) =>
  (message: T): Buffer => {
    const bytes = codec.encode(message).finish();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };

const deadlineError = (method: string, call: TransportCall<unknown>): CriError =>
  new CriError({
    code: "deadline-exceeded",
    message: `${method} on ${call.connection.path} had no answer within ${String(call.timeoutMs)} ms`,
    details: { method, endpoint: call.connection.path },
  });

const report = (connection: Connection, error: CriError | undefined): void => {
  if (error?.code === "unavailable") connection.reportUnavailable();
  else if (error?.code !== "deadline-exceeded" && error?.code !== "cancelled") connection.reportAnswer();
};

/** Cancels the call when the deadline passes or the caller aborts. Dispose it when the call has ended. */
const limitCall = (call: TransportCall<unknown>, onExpiry: (cause: "deadline" | "abort") => void): Disposable => {
  const { signal } = call;
  const onAbort = (): void => onExpiry("abort");
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = Number.isFinite(call.timeoutMs) ? call.clock.schedule(call.timeoutMs, () => onExpiry("deadline")) : undefined;
  return {
    [Symbol.dispose]: () => {
      timer?.[Symbol.dispose]();
      signal?.removeEventListener("abort", onAbort);
    },
  };
};

/** One request, one response. */
export const callUnary = <Request, Response>(method: UnaryMethod<Request, Response>, call: TransportCall<Request>): Promise<Response> =>
  new Promise((resolve, reject) => {
    const { connection, signal } = call;
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const client = connection.current();
    const grpcCall = client.makeUnaryRequest<Request, Response>(
      method.path,
      serializer(method.request),
      (bytes) => method.response.decode(bytes),
      call.request,
      metadataFor(call.timeoutMs),
      (error, response) => {
        limit[Symbol.dispose]();
        const failure = error === null ? undefined : toCriError(error, { method: method.name, endpoint: connection.path });
        report(connection, failure);
        if (failure !== undefined) reject(failure);
        else if (response !== undefined) resolve(response);
        else
          reject(
            new CriError({ code: "malformed-message", message: `${method.name} on ${connection.path} was answered without a message` }),
          );
      },
    );
    const limit = limitCall(call, (cause) => {
      limit[Symbol.dispose]();
      reject(cause === "abort" ? (signal?.reason as Error) : deadlineError(method.name, call));
      grpcCall.cancel();
    });
  });

/** An open server stream, pushed to listeners: nothing is held back. */
export interface OpenStream extends Disposable {
  /** The grpc-js stream, for those who pull. */
  readonly grpcStream: ClientReadableStream<unknown>;
}

/** Listeners of {@link openStream}; after `onEnd` nothing more is called. */
export interface StreamListener<Response> {
  onMessage(message: Response): void;
  /** Without an error when the runtime ended the stream by itself. */
  onEnd(error: Error | undefined): void;
}

/** Starts a server stream. Disposing it cancels the call. */
export const openStream = <Request, Response>(
  method: ServerStreamMethod<Request, Response>,
  call: TransportCall<Request>,
  listener: StreamListener<Response>,
): OpenStream => {
  const { connection, signal } = call;
  signal?.throwIfAborted();
  const grpcStream = connection
    .current()
    .makeServerStreamRequest<Request, Response>(
      method.path,
      serializer(method.request),
      (bytes) => method.response.decode(bytes),
      call.request,
      metadataFor(call.timeoutMs),
    );
  let ended = false;
  const end = (error: Error | undefined): void => {
    if (ended) return;
    ended = true;
    limit[Symbol.dispose]();
    listener.onEnd(error);
  };
  const limit = limitCall(call, (cause) => {
    end(cause === "abort" ? (signal?.reason as Error) : deadlineError(method.name, call));
    grpcStream.cancel();
  });
  grpcStream.on("data", (message: Response) => {
    if (ended) return;
    report(connection, undefined);
    listener.onMessage(message);
  });
  // After `error` grpc-js may still emit `end`, and after a cancel it emits `error`: only the first word counts.
  grpcStream.on("error", (error: Error) => {
    const failure = toCriError(error, { method: method.name, endpoint: connection.path });
    report(connection, failure);
    end(failure);
  });
  grpcStream.on("end", () => end(undefined));
  return {
    grpcStream,
    [Symbol.dispose]: () => {
      end(undefined);
      grpcStream.cancel();
    },
  };
};
