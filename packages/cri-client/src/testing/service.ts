import type { ServerUnaryCall, ServerWritableStream, ServiceDefinition, UntypedServiceImplementation, sendUnaryData } from "@grpc/grpc-js";
import { CRI_METHODS } from "@nk/cri-api";
import type { CriMethods, ServerStreamMethod, UnaryMethod } from "@nk/cri-api";
import { toGrpcStatus } from "../grpc-error.ts";
import type { EventHub } from "./event-hub.ts";
import type { FailPoints } from "./fail-points.ts";
import { StatusError } from "./status-error.ts";
import type { FakeHandlers } from "./world.ts";

/** A call that the fake received. */
export interface RecordedCall {
  /** The RPC, e.g. `RunPodSandbox`. */
  readonly method: string;
  readonly request: unknown;
  readonly atMs: number;
}

/** What the service is made of. */
export interface FakeServiceOptions {
  readonly handlers: FakeHandlers;
  readonly hub: EventHub;
  readonly failPoints: FailPoints;
  /** RPCs to answer with Unimplemented. */
  readonly unimplemented: ReadonlySet<string>;
  record(call: { readonly method: string; readonly request: unknown }): void;
  /** Cuts the connections, for an answer that is to be lost. */
  cutConnections(): void;
}

type AnyMethod = UnaryMethod<object, object> | ServerStreamMethod<object, object>;
type AnyHandler = (request: object, context: { readonly signal: AbortSignal }) => unknown;

const METHODS = CRI_METHODS as unknown as { readonly [key: string]: AnyMethod };

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const definitionOf = (): ServiceDefinition =>
  Object.fromEntries(
    Object.entries(METHODS).map(([key, method]) => [
      key,
      {
        path: method.path,
        requestStream: false,
        responseStream: method.responseStream,
        requestSerialize: (message: object) => bufferOf(method.request.encode(message).finish()),
        requestDeserialize: (bytes: Buffer) => method.request.decode(bytes),
        responseSerialize: (message: object) => bufferOf(method.response.encode(message).finish()),
        responseDeserialize: (bytes: Buffer) => method.response.decode(bytes),
      },
    ]),
  );

interface Identified {
  readonly podSandboxId?: string;
  readonly containerId?: string;
  readonly image?: { readonly image?: string };
  readonly config?: { readonly metadata?: { readonly name?: string; readonly uid?: string } };
  readonly sandboxConfig?: { readonly metadata?: { readonly name?: string; readonly uid?: string } };
}

/** What a fail point may name in this request. */
const idsOf = (request: Identified): readonly string[] =>
  [
    request.podSandboxId,
    request.containerId,
    request.image?.image,
    request.config?.metadata?.name,
    request.config?.metadata?.uid,
    request.sandboxConfig?.metadata?.name,
    request.sandboxConfig?.metadata?.uid,
  ].filter((id) => id !== undefined && id !== "") as readonly string[];

interface GrpcFailure {
  readonly code: number;
  readonly details: string;
}

const toFailure = (error: unknown): GrpcFailure =>
  error instanceof StatusError
    ? { code: toGrpcStatus(error.code), details: error.message }
    : { code: toGrpcStatus("unknown"), details: error instanceof Error ? error.message : String(error) };

const signalOf = (call: { on(event: "cancelled", listener: () => void): unknown; readonly cancelled: boolean }): AbortSignal => {
  const controller = new AbortController();
  const abort = (): void => controller.abort(new StatusError("cancelled", "the caller has gone"));
  call.on("cancelled", abort);
  if (call.cancelled) abort();
  return controller.signal;
};

/** What comes before every handler: the record, what is unimplemented, the fail points. */
const enter = async (
  options: FakeServiceOptions,
  call: { readonly method: AnyMethod; readonly request: object; readonly signal: AbortSignal },
): Promise<"answer" | "lose"> => {
  const { method, request, signal } = call;
  options.record({ method: method.name, request });
  if (options.unimplemented.has(method.name))
    throw new StatusError("unimplemented", `unknown method ${method.name} for service runtime.v1.${method.service}`);
  return options.failPoints.apply({ method: method.name, ids: idsOf(request), signal });
};

const unary =
  (options: FakeServiceOptions, method: AnyMethod, handler: AnyHandler) =>
  (call: ServerUnaryCall<object, object>, respond: sendUnaryData<object>): void => {
    const signal = signalOf(call);
    const answer = async (): Promise<object | undefined> => {
      const outcome = await enter(options, { method, request: call.request, signal });
      const response = (await handler(call.request, { signal })) as object;
      if (outcome === "answer") return method.response.fromPartial(response);
      options.cutConnections();
      return undefined;
    };
    answer().then(
      (response) => {
        if (response !== undefined) respond(null, response);
      },
      (error: unknown) => respond(toFailure(error)),
    );
  };

const stream =
  (options: FakeServiceOptions, method: AnyMethod, handler: AnyHandler) =>
  (call: ServerWritableStream<object, object>): void => {
    const signal = signalOf(call);
    const answer = async (): Promise<void> => {
      await enter(options, { method, request: call.request, signal });
      for await (const message of handler(call.request, { signal }) as AsyncIterable<object>)
        call.write(method.response.fromPartial(message));
    };
    answer().then(
      () => call.end(),
      (error: unknown) => call.emit("error", toFailure(error)),
    );
  };

const events =
  (options: FakeServiceOptions, method: AnyMethod) =>
  (call: ServerWritableStream<object, object>): void => {
    const signal = signalOf(call);
    enter(options, { method, request: call.request, signal }).then(
      () => {
        if (signal.aborted) return;
        const subscription = options.hub.subscribe((event, onWritten) => call.write(event, onWritten));
        signal.addEventListener("abort", () => subscription[Symbol.dispose](), { once: true });
      },
      (error: unknown) => call.emit("error", toFailure(error)),
    );
  };

/** The gRPC service of the fake: both CRI services in one definition, since paths tell them apart. */
export const createFakeService = (
  options: FakeServiceOptions,
): { readonly definition: ServiceDefinition; readonly implementation: UntypedServiceImplementation } => {
  const implementation = Object.fromEntries(
    Object.entries(METHODS).map(([key, method]) => {
      if (method.name === "GetContainerEvents") return [key, events(options, method)];
      const missing: AnyHandler = () => {
        throw new StatusError("unimplemented", `${method.name} is not implemented`);
      };
      const handler = (options.handlers[key as keyof CriMethods] as AnyHandler | undefined) ?? missing;
      return [key, method.responseStream ? stream(options, method, handler) : unary(options, method, handler)];
    }),
  );
  return { definition: definitionOf(), implementation };
};
