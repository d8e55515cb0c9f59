import type { Socket } from "node:net";
import { connect } from "node:net";
import { Duplex } from "node:stream";

/** A TCP connection that ends with a reset. */
export interface ProbeConnection extends Disposable {
  readonly socket: Socket;
}

/**
 * Begins to connect. Disposing resets the connection: a probe is over when it has its answer, and an orderly close would leave this end
 * in TIME_WAIT, of which a busy node has too many (kubernetes/kubernetes#89898; the reference sets SO_LINGER).
 */
export const openConnection = (target: { readonly host: string; readonly port: number }): ProbeConnection => {
  const socket = connect({ host: target.host, port: target.port, noDelay: true });
  // What goes wrong after the answer concerns nobody; before it there are other listeners.
  socket.on("error", () => undefined);
  return {
    socket,
    [Symbol.dispose]: () => {
      if (socket.connecting || socket.destroyed) socket.destroy();
      else socket.resetAndDestroy();
    },
  };
};

/** Resolves when connected; rejects with what the socket says, or with the signal's reason. */
export const waitForConnect = (socket: Socket, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const settle = (act: () => void) => (): void => {
      socket.off("connect", onConnect);
      socket.off("error", onError);
      signal.removeEventListener("abort", onAbort);
      act();
    };
    let failure: unknown;
    const onConnect = settle(resolve);
    const onFailure = settle(() => reject(failure as Error));
    const onError = (error: unknown): void => {
      failure = error;
      onFailure();
    };
    const onAbort = settle(() => reject(signal.reason as Error));
    if (signal.aborted) return onAbort();
    socket.once("connect", onConnect);
    socket.once("error", onError);
    signal.addEventListener("abort", onAbort, { once: true });
  });

/**
 * The connection as the HTTP, HTTP/2 and TLS clients of Node see it. They end or take over a socket when they are done, after which it could not
 * be reset any more; this they may end as they like.
 */
export const shield = (socket: Socket): Duplex => {
  const stream = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, encoding, callback) => void socket.write(chunk, encoding, callback),
    final: (callback) => callback(),
    destroy: (error, callback) => callback(error),
  });
  socket.on("data", (chunk) => {
    if (!stream.push(chunk)) socket.pause();
  });
  socket.on("end", () => void stream.push(null));
  socket.on("error", (error) => void stream.destroy(error));
  socket.on("close", () => void stream.destroy());
  // What goes wrong after the answer concerns nobody.
  stream.on("error", () => undefined);
  return stream;
};
