import { existsSync, watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";
import { Client, connectivityState, credentials } from "@grpc/grpc-js";
import { CriError } from "./errors.ts";

/** How a connection is made. */
export interface ConnectionOptions {
  /** Path of the unix socket. */
  readonly path: string;
  readonly maxMessageBytes: number;
  readonly reconnectInitialMs: number;
  readonly reconnectMaxMs: number;
}

/** One channel to one socket. */
export interface Connection extends Disposable {
  readonly path: string;
  /** The channel to make the next call on; throws `closed` after disposal. */
  current(): Client;
  /** Tells that a call found nobody there: from now on the socket's directory is watched until a call succeeds. */
  reportUnavailable(): void;
  /** Tells that a call got an answer from the runtime. */
  reportAnswer(): void;
}

type State =
  | { readonly type: "idle" }
  | { readonly type: "open"; readonly client: Client; readonly watcher: FSWatcher | undefined }
  | { readonly type: "closed" };

const createChannel = (options: ConnectionOptions): Client =>
  new Client(`unix://${options.path}`, credentials.createInsecure(), {
    // Authority `localhost` is grpc-js's own for unix sockets; runtimes in Rust refuse a path here.
    "grpc.max_receive_message_length": options.maxMessageBytes,
    "grpc.max_send_message_length": options.maxMessageBytes,
    "grpc.initial_reconnect_backoff_ms": options.reconnectInitialMs,
    "grpc.max_reconnect_backoff_ms": options.reconnectMaxMs,
    // Retries buffer what was written (grpc-node#2371) and channelz keeps every closed subchannel (grpc-node#1941).
    "grpc.enable_retries": 0,
    "grpc.enable_channelz": 0,
    // A subchannel shared with another channel would bring that one's back-off along.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.service_config_disable_resolution": 1,
  });

/**
 * Opens nothing until the first call. grpc-js reconnects by itself with a short back-off; while the runtime is away the socket's
 * directory is watched too, and the channel is replaced at once when the socket is there again, because grpc-js has no public way
 * to cut a back-off short.
 */
export const createConnection = (options: ConnectionOptions): Connection => {
  let state: State = { type: "idle" };

  const open = (): Extract<State, { type: "open" }> => {
    if (state.type === "closed") {
      throw new CriError({ code: "closed", message: `the client of ${options.path} is closed`, details: { endpoint: options.path } });
    }
    if (state.type === "idle") state = { type: "open", client: createChannel(options), watcher: undefined };
    return state;
  };

  const onDirectoryChange = (name: string | null): void => {
    if (state.type !== "open" || (name !== null && name !== basename(options.path)) || !existsSync(options.path)) return;
    // Only a channel that waits is replaced: one that is connecting or connected has calls to lose.
    if (state.client.getChannel().getConnectivityState(false) !== connectivityState.TRANSIENT_FAILURE) return;
    const stale = state.client;
    state = { ...state, client: createChannel(options) };
    stale.close();
    state.client.getChannel().getConnectivityState(true);
  };

  const stopWatching = (): void => {
    if (state.type !== "open" || state.watcher === undefined) return;
    const { watcher } = state;
    state = { ...state, watcher: undefined };
    watcher.close();
  };

  const startWatching = (): void => {
    if (state.type !== "open" || state.watcher !== undefined) return;
    try {
      const watcher = watch(dirname(options.path), { persistent: false }, (_event, name) => onDirectoryChange(name));
      watcher.on("error", stopWatching);
      state = { ...state, watcher };
    } catch {
      // The directory is not there, or inotify is exhausted: the back-off alone reconnects, a little later.
    }
  };

  return {
    path: options.path,
    current: () => open().client,
    reportUnavailable: startWatching,
    reportAnswer: stopWatching,
    [Symbol.dispose]: () => {
      stopWatching();
      if (state.type === "open") state.client.close();
      state = { type: "closed" };
    },
  };
};
