import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { toGrpcStatus } from "../grpc-error.ts";
import type { GrpcService } from "./listener.ts";
import { CsiStatusError } from "./status-error.ts";

/** An RPC with its codecs, of any protocol. */
export interface GrpcMethod {
  /** The HTTP/2 path. */
  readonly path: string;
  readonly request: GrpcCodec;
  readonly response: GrpcCodec;
}

/** How a message is written and read. Its type is lost here: what a table of methods has in common is that they have one. */
export interface GrpcCodec {
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
  fromPartial(partial: object): object;
}

/** A call as a server gets it. */
export interface GrpcCall<Key extends string> {
  readonly key: Key;
  readonly request: object;
  readonly signal: AbortSignal;
}

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

/** Serves every RPC of a table with one function. A `CsiStatusError` becomes its status, anything else INTERNAL. */
export const createGrpcService = <Key extends string>(
  methods: { readonly [key in Key]: GrpcMethod },
  serve: (call: GrpcCall<Key>) => Promise<object>,
): GrpcService => {
  const entries = Object.entries(methods) as [Key, GrpcMethod][];
  const definition = entries.map(([key, { path, request, response }]) => [
    key,
    {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: (message: object) => toBuffer(request.encode(message).finish()),
      requestDeserialize: (bytes: Buffer) => request.decode(bytes),
      responseSerialize: (message: object) => toBuffer(response.encode(message).finish()),
      responseDeserialize: (bytes: Buffer) => response.decode(bytes),
    },
  ]);
  const implementation = entries.map(([key, { response }]) => [
    key,
    (call: ServerUnaryCall<object, object>, respond: sendUnaryData<object>): void => {
      serve({ key, request: call.request, signal: signalOf(call) }).then(
        (answer) => respond(null, response.fromPartial(answer)),
        (error: unknown) => respond(toFailure(error)),
      );
    },
  ]);
  return { definition: Object.fromEntries(definition), implementation: Object.fromEntries(implementation) };
};
