import type { MessageFns } from "./gen/pluginregistration/v1/api.ts";

/** An RPC of the registration service. */
export interface UnaryMethod<Request, Response> {
  readonly name: string;
  readonly service: "Registration";
  readonly path: string;
  readonly request: MessageFns<Request>;
  readonly response: MessageFns<Response>;
  readonly responseStream: false;
}
