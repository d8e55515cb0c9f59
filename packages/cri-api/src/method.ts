import type { MessageFns } from "./gen/runtime/v1/api.ts";

interface MethodShape<Request, Response> {
  /** The RPC's name in the protocol, e.g. `RunPodSandbox`. */
  readonly name: string;
  /** The gRPC service without its package. */
  readonly service: "RuntimeService" | "ImageService";
  /** The HTTP/2 path, e.g. `/runtime.v1.RuntimeService/RunPodSandbox`. */
  readonly path: string;
  readonly request: MessageFns<Request>;
  readonly response: MessageFns<Response>;
}

/** An RPC with one request and one response. */
export interface UnaryMethod<Request, Response> extends MethodShape<Request, Response> {
  readonly responseStream: false;
}

/** An RPC with one request and a stream of responses. CRI v1 has no client streams. */
export interface ServerStreamMethod<Request, Response> extends MethodShape<Request, Response> {
  readonly responseStream: true;
}
