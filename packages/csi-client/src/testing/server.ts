import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import type { DeepPartial } from "../gen/csi/v1/csi.ts";
import { CSI_METHODS } from "../gen/csi/v1/methods.ts";
import type { CsiMethods } from "../gen/csi/v1/methods.ts";
import { toGrpcStatus } from "../grpc-error.ts";
import type { UnaryMethod } from "../method.ts";
import { redactRequest } from "../redact.ts";
import { subjectOf } from "../subject.ts";
import { createFailPoints } from "./fail-points.ts";
import type { FailPoint } from "./fail-points.ts";
import { createGrpcListener } from "./listener.ts";
import type { GrpcService } from "./listener.ts";
import { CsiStatusError } from "./status-error.ts";

/** What a driver does for each RPC. One that is left out is answered with UNIMPLEMENTED; a `CsiStatusError` becomes its status. */
export type CsiHandlers = {
  readonly [K in keyof CsiMethods]?: CsiMethods[K] extends UnaryMethod<infer Request, infer Response>
    ? (request: Request, context: { readonly signal: AbortSignal }) => DeepPartial<Response> | Promise<DeepPartial<Response>>
    : never;
};

/** A call that a server received. */
export interface RecordedCall {
  /** The RPC, e.g. `NodeStageVolume`. */
  readonly method: string;
  /** Its secrets' keys are there, their values are not. */
  readonly request: object;
}

/** What {@link startCsiServer} takes. */
export interface CsiServerOptions {
  /** Where to listen; what is there is removed. */
  readonly socketPath: string;
  readonly handlers: CsiHandlers;
  /** Default: the system's. Used by `delay` fail points. */
  readonly clock?: Clock;
}

/** A gRPC server of CSI on a unix socket. */
export interface CsiServer extends AsyncDisposable {
  /** `unix:///...` */
  readonly endpoint: string;
  /** The last 1000 calls, oldest first. */
  readonly calls: readonly RecordedCall[];
  failOn(point: FailPoint): Disposable;
  /** Cuts every connection; the socket stays. */
  cut(): void;
  /** As a driver that ends: the socket goes. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

type AnyMethod = UnaryMethod<object, object>;
type AnyHandler = (request: object, context: { readonly signal: AbortSignal }) => object | Promise<object>;
type Serve = (call: {
  readonly key: keyof CsiMethods;
  readonly method: AnyMethod;
  readonly request: object;
  readonly signal: AbortSignal;
}) => Promise<object>;

const MAX_RECORDED = 1_000;

const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const toFailure = (error: unknown): { readonly code: number; readonly details: string } =>
  error instanceof CsiStatusError
    ? { code: toGrpcStatus(error.code), details: error.message }
    : { code: toGrpcStatus("internal"), details: error instanceof Error ? error.message : String(error) };

const signalOf = (call: ServerUnaryCall<object, object>): AbortSignal => {
  const controller = new AbortController();
  const abort = (): void => controller.abort(new CsiStatusError("cancelled", "the caller has gone"));
  call.on("cancelled", abort);
  if (call.cancelled) abort();
  return controller.signal;
};

/** All RPCs that have a handler, in one definition: their paths tell the services apart. */
const serviceOf = (handlers: CsiHandlers, serve: Serve): GrpcService => {
  const served = Object.entries(CSI_METHODS as unknown as { readonly [key: string]: AnyMethod }).filter(
    ([key]) => handlers[key as keyof CsiMethods] !== undefined,
  );
  const definition = served.map(([key, method]) => [
    key,
    {
      path: method.path,
      requestStream: false,
      responseStream: false,
      requestSerialize: (message: object) => toBuffer(method.request.encode(message).finish()),
      requestDeserialize: (bytes: Buffer) => method.request.decode(bytes),
      responseSerialize: (message: object) => toBuffer(method.response.encode(message).finish()),
      responseDeserialize: (bytes: Buffer) => method.response.decode(bytes),
    },
  ]);
  const implementation = served.map(([key, method]) => [
    key,
    (call: ServerUnaryCall<object, object>, respond: sendUnaryData<object>): void => {
      serve({ key: key as keyof CsiMethods, method, request: call.request, signal: signalOf(call) }).then(
        (answer) => respond(null, method.response.fromPartial(answer)),
        (error: unknown) => respond(toFailure(error)),
      );
    },
  ]);
  return { definition: Object.fromEntries(definition), implementation: Object.fromEntries(implementation) };
};

/** Serves these handlers until disposed. For drivers in TypeScript, real ones too. */
export const startCsiServer = async (options: CsiServerOptions): Promise<CsiServer> => {
  const { handlers, socketPath, clock = systemClock } = options;
  const calls: RecordedCall[] = [];
  const failPoints = createFailPoints({ clock, cut: () => listener.cut() });
  const serve: Serve = ({ key, method, request, signal }) => {
    calls.push({ method: method.name, request: redactRequest(key, request) });
    if (calls.length > MAX_RECORDED) calls.shift();
    const handler = handlers[key] as AnyHandler;
    return failPoints.apply({ method: method.name, subject: subjectOf(request), signal }, async () => handler(request, { signal }));
  };
  const listener = createGrpcListener(socketPath, [serviceOf(handlers, serve)]);
  await listener.start();
  return {
    endpoint: `unix://${socketPath}`,
    calls,
    failOn: (point) => failPoints.add(point),
    cut: () => listener.cut(),
    stop: () => listener.stop(),
    start: () => listener.start(),
    [Symbol.asyncDispose]: () => listener.close(),
  };
};
