import type { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import type { Duplex } from "node:stream";

export interface SpdyStream extends Duplex {
  readonly headers: { readonly [name: string]: string };
  respond(status: number, headers: object): void;
}

export interface SpdyConnection extends EventEmitter {
  start(version: number): void;
  request(
    options: {
      readonly method: string;
      readonly path: string;
      readonly host: string;
      readonly headers: { readonly [name: string]: string };
    },
    callback: (error: Error | null, stream: SpdyStream) => void,
  ): void;
}

/** The part of spdy-transport that the tests use; the package has no types. */
const transport = createRequire(import.meta.url)("spdy-transport") as {
  readonly connection: {
    create(socket: Duplex, options: { readonly protocol: "spdy"; readonly isServer: boolean }): SpdyConnection;
  };
};

export const openSpdy = (socket: Duplex, side: "client" | "server"): SpdyConnection => {
  const connection = transport.connection.create(socket, { protocol: "spdy", isServer: side === "server" });
  connection.on("error", () => undefined);
  return connection;
};
