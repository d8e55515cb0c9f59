import { CRI_METHODS } from "@nk/cri-api";
import type { CriMethods, DeepPartial, ServerStreamMethod, UnaryMethod } from "@nk/cri-api";
import { noopLogger, noopMetrics, noopTracer, systemClock, systemRandom } from "@nk/stdx";
import { aroundWithLogging, aroundWithMetrics, aroundWithTracing, composeArounds } from "./around.ts";
import type { Around } from "./around.ts";
import { createConnection } from "./connection.ts";
import type { Connection } from "./connection.ts";
import { readContainerEvents } from "./container-events.ts";
import type { ContainerEvent, ContainerEventsOptions } from "./container-events.ts";
import { parseEndpoint } from "./endpoint.ts";
import { readMessages } from "./message-stream.ts";
import { createCriMetrics } from "./metrics.ts";
import { computeTimeoutMs, OPERATION_TYPES } from "./operations.ts";
import type { CallOptions, CriClientOptions } from "./options.ts";
import { callUnary } from "./transport.ts";
import type { TransportCall } from "./transport.ts";

/**
 * One function per RPC of CRI v1. Requests may be partial: what is left out has protobuf's default. They reject with a `CriError`,
 * or with `signal.reason` when the caller's signal aborts.
 */
export type CriCalls = {
  readonly [K in keyof CriMethods]: CriMethods[K] extends UnaryMethod<infer Request, infer Response>
    ? (request?: DeepPartial<Request>, options?: CallOptions) => Promise<Response>
    : CriMethods[K] extends ServerStreamMethod<infer Request, infer Response>
      ? (request?: DeepPartial<Request>, options?: CallOptions) => AsyncIterable<Response>
      : never;
};

/** A client of one runtime. It connects at the first call and stays connected; one channel per endpoint. */
export interface CriClient extends CriCalls, AsyncDisposable {
  /** Path of the runtime's socket. */
  readonly endpoint: string;
  /** Path of the image service's socket; the same unless given. */
  readonly imageEndpoint: string;
  /** Container events with gaps; prefer it to the bare `getContainerEvents`. */
  containerEvents(options?: ContainerEventsOptions): AsyncIterable<ContainerEvent>;
  /** Closes the channels. Calls under way fail. */
  close(): void;
}

/** What every call of one client shares. */
interface CallContext {
  readonly timeoutMs: number;
  readonly clock: Required<CriClientOptions>["clock"];
  readonly around: Around;
  connectionOf(service: "RuntimeService" | "ImageService"): Connection;
}

const prepare = <Request>(
  context: CallContext,
  method: { readonly name: string; readonly key: keyof CriMethods; readonly service: "RuntimeService" | "ImageService" },
  input: { readonly request: Request & object; readonly options: CallOptions },
): TransportCall<Request> => ({
  connection: context.connectionOf(method.service),
  request: input.request,
  timeoutMs: input.options.timeoutMs ?? computeTimeoutMs({ method: method.key, request: input.request, timeoutMs: context.timeoutMs }),
  signal: input.options.signal,
  clock: context.clock,
});

/** The codecs' type parameters are lost where the table is walked; each entry's own types are restored by {@link CriCalls}. */
type AnyMethod = UnaryMethod<object, object> | ServerStreamMethod<object, object>;

const unaryCall =
  (context: CallContext, key: keyof CriMethods, method: UnaryMethod<object, object>) =>
  (partial: object = {}, options: CallOptions = {}): Promise<object> =>
    context.around({ method: method.name, operation: OPERATION_TYPES[key] }, async () => {
      const request = method.request.fromPartial(partial);
      return callUnary(method, prepare(context, { name: method.name, key, service: method.service }, { request, options }));
    });

const streamCall = (context: CallContext, key: keyof CriMethods, method: ServerStreamMethod<object, object>) =>
  async function* (partial: object = {}, options: CallOptions = {}): AsyncGenerator<object, void, undefined> {
    const request = method.request.fromPartial(partial);
    const ended = Promise.withResolvers<void>();
    // The observers see the stream's end; its error is thrown below, to the one who reads.
    context.around({ method: method.name, operation: OPERATION_TYPES[key] }, () => ended.promise).catch(() => undefined);
    try {
      yield* readMessages(method, prepare(context, { name: method.name, key, service: method.service }, { request, options }));
      ended.resolve();
    } catch (error) {
      ended.reject(error);
      throw error;
    } finally {
      ended.resolve();
    }
  };

const createCalls = (context: CallContext): CriCalls => {
  const entries = Object.entries(CRI_METHODS as unknown as { readonly [key: string]: AnyMethod }).map(([name, method]) => {
    const key = name as keyof CriMethods;
    return [key, method.responseStream ? streamCall(context, key, method) : unaryCall(context, key, method)] as const;
  });
  return Object.fromEntries(entries) as unknown as CriCalls;
};

/** How long the runtime may take to prove that it has seen the request for events; a healthy one takes a millisecond. */
const CONFIRM_TIMEOUT_MS = 10_000;

/** Makes a client. Nothing is opened before the first call; throws `CriError` `invalid-endpoint`. */
export const createCriClient = (options: CriClientOptions): CriClient => {
  const { clock = systemClock, random = systemRandom, logger = noopLogger, metrics = noopMetrics, tracer = noopTracer } = options;
  const { timeoutMs = 120_000, maxMessageBytes = 16 * 1024 * 1024, reconnectInitialMs = 50, reconnectMaxMs = 200 } = options;
  const endpoint = parseEndpoint(options.endpoint);
  const imageEndpoint = parseEndpoint(
    options.imageEndpoint === undefined || options.imageEndpoint === "" ? endpoint : options.imageEndpoint,
  );

  const connect = (path: string): Connection => createConnection({ path, maxMessageBytes, reconnectInitialMs, reconnectMaxMs });
  const runtime = connect(endpoint);
  const image = imageEndpoint === endpoint ? runtime : connect(imageEndpoint);
  const around = composeArounds([
    aroundWithMetrics(createCriMetrics(metrics), clock),
    aroundWithTracing(tracer),
    aroundWithLogging(logger, clock),
  ]);
  const context: CallContext = { timeoutMs, clock, around, connectionOf: (service) => (service === "ImageService" ? image : runtime) };
  const calls = createCalls(context);
  const close = (): void => {
    runtime[Symbol.dispose]();
    image[Symbol.dispose]();
  };

  return {
    ...calls,
    endpoint,
    imageEndpoint,
    containerEvents: (eventOptions) => {
      const confirm = ({ signal }: { readonly signal: AbortSignal }): Promise<unknown> =>
        callUnary(CRI_METHODS.version, { connection: runtime, request: { version: "" }, timeoutMs: CONFIRM_TIMEOUT_MS, signal, clock });
      const observe = (key: keyof CriMethods, run: () => Promise<void>): Promise<void> =>
        around({ method: CRI_METHODS[key].name, operation: OPERATION_TYPES[key] }, run);
      return readContainerEvents(
        { connection: runtime, clock, random, reconnectInitialMs, reconnectMaxMs, confirm, observe },
        eventOptions,
      );
    },
    close,
    [Symbol.asyncDispose]: async () => close(),
  };
};
