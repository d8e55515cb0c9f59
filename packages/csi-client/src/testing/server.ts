import { systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import type { DeepPartial } from "../gen/csi/v1/csi.ts";
import { CSI_METHODS } from "../gen/csi/v1/methods.ts";
import type { CsiMethods } from "../gen/csi/v1/methods.ts";
import type { UnaryMethod } from "../method.ts";
import { redactRequest } from "../redact.ts";
import { subjectOf } from "../subject.ts";
import { createFailPoints } from "./fail-points.ts";
import type { FailPoint } from "./fail-points.ts";
import { createGrpcService } from "./grpc-service.ts";
import type { GrpcCodec } from "./grpc-service.ts";
import { createGrpcListener } from "./listener.ts";

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

/** The codecs' own types are lost where the table is walked; {@link CsiHandlers} has them. */
interface AnyMethod {
  readonly name: string;
  readonly path: string;
  readonly request: GrpcCodec;
  readonly response: GrpcCodec;
}

type AnyHandler = (request: object, context: { readonly signal: AbortSignal }) => object | Promise<object>;

const MAX_RECORDED = 1_000;

/** Serves these handlers until disposed. For drivers in TypeScript, real ones too. */
export const startCsiServer = async (options: CsiServerOptions): Promise<CsiServer> => {
  const { handlers, socketPath, clock = systemClock } = options;
  const calls: RecordedCall[] = [];
  const failPoints = createFailPoints({ clock, cut: () => listener.cut() });
  const methods = CSI_METHODS as { readonly [key in keyof CsiMethods]: AnyMethod };
  const served = Object.fromEntries(
    Object.entries(methods).filter(([key]) => handlers[key as keyof CsiMethods] !== undefined),
  ) as typeof methods;
  const service = createGrpcService(served, ({ key, request, signal }) => {
    const { name } = served[key];
    calls.push({ method: name, request: redactRequest(key, request) });
    if (calls.length > MAX_RECORDED) calls.shift();
    const handler = handlers[key] as AnyHandler;
    return failPoints.apply({ method: name, subject: subjectOf(request), signal }, async () => handler(request, { signal }));
  });
  const listener = createGrpcListener(socketPath, [service]);
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
