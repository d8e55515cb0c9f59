/** The part of spdy-transport that the tests use; the package has no types. */
declare module "spdy-transport" {
  import type { Duplex } from "node:stream";

  export interface SpdyStream extends Duplex {
    readonly headers: { readonly [name: string]: string };
    respond(status: number, headers: object, callback?: (error: Error | null) => void): void;
  }

  export interface SpdyConnection extends NodeJS.EventEmitter {
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
    end(): void;
  }

  const transport: {
    readonly connection: {
      create(socket: Duplex, options: { readonly protocol: "spdy"; readonly isServer: boolean }): SpdyConnection;
    };
  };
  export default transport;
}
