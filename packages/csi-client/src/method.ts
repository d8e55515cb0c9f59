import type { MessageFns } from "./gen/csi/v1/csi.ts";

/** An RPC with one request and one response; CSI v1 has no others among its four services. */
export interface UnaryMethod<Request, Response> {
  /** The RPC's name in the protocol, e.g. `NodeStageVolume`. */
  readonly name: string;
  /** The gRPC service without its package. */
  readonly service: "Identity" | "Controller" | "GroupController" | "Node";
  /** The HTTP/2 path, e.g. `/csi.v1.Node/NodeStageVolume`. */
  readonly path: string;
  readonly request: MessageFns<Request>;
  readonly response: MessageFns<Response>;
  readonly responseStream: false;
  /** Fields of the request that must not be shown: those marked `csi_secret`. */
  readonly secretFields: readonly string[];
}
