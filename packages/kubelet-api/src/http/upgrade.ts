import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** A client's wish to go on with another protocol on its connection. */
export interface ClientUpgrade {
  /** The `Upgrade` header, e.g. `SPDY/3.1` or `websocket`. */
  readonly protocol: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly clientAddress: string;
  /** Takes the connection over: the response is void from here on, and whoever takes it ends it. `head` was read already. */
  takeConnection(): { readonly socket: Duplex; readonly head: Buffer };
}

/** What `createUpgrade` takes: a request of the server's `upgrade` event. */
export interface UpgradeParts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly head: Buffer;
  readonly onTaken: () => void;
}

export const createUpgrade = ({ request, response, head, onTaken }: UpgradeParts): ClientUpgrade => ({
  protocol: request.headers.upgrade ?? "",
  rawHeaders: request.rawHeaders,
  clientAddress: request.socket.remoteAddress ?? "",
  takeConnection: () => {
    const { socket } = request;
    response.detachSocket(socket);
    onTaken();
    return { socket, head };
  },
});
