import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** A TCP relay in front of a server: the network, which can lose packets. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Connections that are open now. */
  readonly connectionCount: number;
  /** Connections that were ever made. */
  readonly totalCount: number;
  /**
   * From now on the packets of all open connections vanish both ways, without any sign; with `isTotal` those of new ones too, which
   * connect but get no answer. Dispose the result to let new connections through again; the old ones stay lost.
   */
  blackhole(options?: { readonly isTotal?: boolean | undefined }): Disposable;
  /** Cuts all connections with a RST. */
  resetAll(): void;
  /** Takes no more connections and cuts those there are. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  start(): Promise<void>;
}

interface Pair {
  readonly outer: Socket;
  readonly inner: Socket;
  isLost: boolean;
}

const pipe = (from: Socket, to: Socket, pair: Pair): void => {
  from.on("data", (chunk: Buffer) => {
    if (pair.isLost) return;
    if (!to.write(chunk)) from.pause();
  });
  to.on("drain", () => from.resume());
  from.on("end", () => {
    if (!pair.isLost) to.end();
  });
  from.on("error", () => {
    if (!pair.isLost) to.resetAndDestroy();
  });
  from.on("close", () => {
    if (!pair.isLost) to.destroy();
  });
};

/** A relay on a free port of 127.0.0.1 to another one. */
export const startRelay = async (targetPort: number): Promise<Relay> => {
  const pairs = new Set<Pair>();
  let isTotal = false;
  let totalCount = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (outer) => {
    const pair: Pair = {
      outer,
      inner: connect({ host: "127.0.0.1", port: targetPort, allowHalfOpen: true, noDelay: true }),
      isLost: isTotal,
    };
    totalCount += 1;
    pairs.add(pair);
    outer.on("close", () => pairs.delete(pair));
    pipe(pair.outer, pair.inner, pair);
    pipe(pair.inner, pair.outer, pair);
  });
  const listen = (port: number): Promise<void> => new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const resetAll = (): void => {
    for (const { outer, inner } of pairs) {
      outer.resetAndDestroy();
      inner.destroy();
    }
  };
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    resetAll();
    await closed;
  };
  return {
    port,
    get connectionCount() {
      return pairs.size;
    },
    get totalCount() {
      return totalCount;
    },
    blackhole(options = {}) {
      for (const pair of pairs) pair.isLost = true;
      isTotal = options.isTotal === true;
      return { [Symbol.dispose]: () => void (isTotal = false) };
    },
    resetAll,
    stop,
    start: () => listen(port),
    [Symbol.asyncDispose]: stop,
  };
};
