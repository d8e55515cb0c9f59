import type { Client, Metadata } from "@grpc/grpc-js";
import { CsiError } from "./errors.ts";

/** How a channel is made. */
export interface ChannelOptions {
  /** Path of the unix socket. */
  readonly path: string;
  readonly maxMessageBytes: number;
  readonly reconnectMaxMs: number;
}

/** What a call is sent with. */
export interface OpenChannel {
  readonly client: Client;
  readonly createMetadata: () => Metadata;
}

/** One gRPC channel to one driver. It connects at the first call and by itself again later. */
export interface Channel extends Disposable {
  readonly path: string;
  /** Rejects with `closed` after disposal. */
  open(): Promise<OpenChannel>;
  /** Aborts at disposal: grpc-js lets calls under way go on. */
  readonly closed: AbortSignal;
}

/**
 * Opens nothing until the first call. grpc-js is not even loaded before: it is 20 MiB of memory, which whoever imports this package and
 * meets no driver does not pay.
 */
export const createChannel = (options: ChannelOptions): Channel => {
  const { path, maxMessageBytes, reconnectMaxMs } = options;
  let opened: OpenChannel | undefined;
  const closing = new AbortController();
  const throwIfClosed = (): void => {
    if (closing.signal.aborted)
      throw new CsiError({ code: "closed", message: `the client of ${path} is closed`, details: { endpoint: path } });
  };
  return {
    path,
    closed: closing.signal,
    open: async () => {
      throwIfClosed();
      if (opened !== undefined) return opened;
      const { Client, Metadata, credentials } = await import("@grpc/grpc-js");
      throwIfClosed();
      opened ??= {
        createMetadata: () => new Metadata(),
        client: new Client(`unix://${path}`, credentials.createInsecure(), {
          "grpc.max_receive_message_length": maxMessageBytes,
          "grpc.max_send_message_length": maxMessageBytes,
          // A driver's pod restarts within seconds; grpc's own back-off would reach minutes.
          "grpc.initial_reconnect_backoff_ms": Math.min(50, reconnectMaxMs),
          "grpc.max_reconnect_backoff_ms": reconnectMaxMs,
          // Retries are ours (they know CSI); channelz keeps every closed subchannel (grpc-node#1941).
          "grpc.enable_retries": 0,
          "grpc.enable_channelz": 0,
          "grpc.use_local_subchannel_pool": 1,
          "grpc.service_config_disable_resolution": 1,
        }),
      };
      return opened;
    },
    [Symbol.dispose]: () => {
      closing.abort();
      opened?.client.close();
    },
  };
};
