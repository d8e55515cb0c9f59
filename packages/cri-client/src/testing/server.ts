import { rmSync } from "node:fs";
import { createServer } from "node:net";
import type { Server as NetServer, Socket } from "node:net";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { ConnectionInjector, ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";

/** A gRPC server whose connections can be hurt. */
export interface HostileServer {
  /** Listens on the socket. */
  start(): Promise<void>;
  /** Removes the socket and cuts every connection at once. */
  vanish(): void;
  /** `vanish`, and waits until the socket can be bound again. */
  stop(): Promise<void>;
  /** Ends the server's writing side of every connection. */
  halfClose(): void;
  /** Cuts every connection; the socket stays. */
  cutConnections(): void;
  readonly connectionCount: number;
  /** Ends it for good. */
  close(): Promise<void>;
}

/** What it serves, and where. */
export interface HostileServerOptions {
  readonly socketPath: string;
  readonly maxMessageBytes: number;
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

const listen = (socketPath: string, onSocket: (socket: Socket) => void): Promise<NetServer> =>
  new Promise((resolve, reject) => {
    rmSync(socketPath, { force: true });
    const listener = createServer(onSocket);
    listener.once("error", reject);
    listener.listen(socketPath, () => resolve(listener));
  });

/** The sockets are our own and are handed to grpc-js one by one, so that they can be cut in ways grpc-js would not. */
export const createHostileServer = (options: HostileServerOptions): HostileServer => {
  const grpc = new Server({
    "grpc.max_receive_message_length": options.maxMessageBytes,
    "grpc.max_send_message_length": options.maxMessageBytes,
    "grpc.enable_channelz": 0,
  });
  grpc.addService(options.definition, options.implementation);
  const injector: ConnectionInjector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  let listener: NetServer | undefined;
  let closing: Promise<void> = Promise.resolve();

  const cutConnections = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const vanish = (): void => {
    const current = listener;
    listener = undefined;
    cutConnections();
    // Closing a listener on a unix socket removes its file.
    if (current !== undefined) closing = new Promise((resolve) => current.close(() => resolve()));
  };

  return {
    start: async () => {
      await closing;
      if (listener !== undefined) return;
      listener = await listen(options.socketPath, (socket) => {
        sockets.add(socket);
        socket.on("error", () => undefined);
        socket.once("close", () => sockets.delete(socket));
        injector.injectConnection(socket);
      });
    },
    vanish,
    stop: async () => {
      vanish();
      await closing;
    },
    halfClose: () => {
      for (const socket of sockets) socket.end();
    },
    cutConnections,
    get connectionCount() {
      return sockets.size;
    },
    close: async () => {
      vanish();
      await closing;
      injector.destroy();
      grpc.forceShutdown();
    },
  };
};
