import { rmSync } from "node:fs";
import { createServer } from "node:net";
import type { Server as NetServer, Socket } from "node:net";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";

/** What a gRPC server on a unix socket serves. */
export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/** A gRPC server on a unix socket whose connections can be cut. */
export interface GrpcListener {
  /** Listens, again after `stop`; what stands at the path is removed first. */
  start(): Promise<void>;
  /** Cuts every connection and removes the socket. */
  stop(): Promise<void>;
  /** Cuts every connection; the socket stays. */
  cut(): void;
  /** Ends it for good; calls under way have a moment to be answered. */
  close(): Promise<void>;
}

/** A handler that hangs must not keep its server from ending. */
const CLOSE_GRACE_MS = 500;

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** The sockets are our own and handed to grpc-js one by one, so that they can be cut in the middle of a call. */
export const createGrpcListener = (socketPath: string, services: readonly GrpcService[]): GrpcListener => {
  const grpc = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
    "grpc.enable_channelz": 0,
  });
  for (const { definition, implementation } of services) grpc.addService(definition, implementation);
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  let listener: NetServer | undefined;

  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  /** Closing a listener on a unix socket removes its file; it ends with the last connection. */
  const stopListening = async (): Promise<void> => {
    const current = listener;
    listener = undefined;
    if (current !== undefined) await new Promise((resolve) => current.close(resolve));
  };

  return {
    start: () =>
      new Promise((resolve, reject) => {
        rmSync(socketPath, { force: true });
        const server = createServer((socket) => {
          sockets.add(socket);
          socket.on("error", () => undefined);
          socket.once("close", () => sockets.delete(socket));
          injector.injectConnection(socket);
        });
        server.once("error", reject);
        server.listen(socketPath, () => {
          listener = server;
          resolve();
        });
      }),
    stop: async () => {
      const stopped = stopListening();
      cut();
      await stopped;
    },
    cut,
    close: async () => {
      const stopped = stopListening();
      injector.drain(CLOSE_GRACE_MS);
      await stopped;
      injector.destroy();
      grpc.forceShutdown();
    },
  };
};
