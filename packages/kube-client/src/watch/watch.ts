import { linkSignals } from "@nk/stdx";
import { KubeClientError } from "../errors.ts";
import type { KubeClientErrorCode } from "../errors.ts";
import type { KubeObject, ResourceKind } from "../kinds.ts";
import type { ListSelection } from "../verbs.ts";
import { createItemBuffer } from "./item-buffer.ts";
import type { WatchItem } from "./item-buffer.ts";
import { runReflector } from "./reflector.ts";
import type { ReflectorParts } from "./reflector.ts";

/** What {@link Watcher.watch} takes last. */
export interface WatchOptions {
  /** Ends the watch; the iteration then rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Changes that may lie unread; default 1,000. With more of them everything is listed again once the reader is back. */
  readonly bufferItems?: number | undefined;
  /** A stream that says nothing for so long is replaced, in milliseconds; default 180,000: three of the server's bookmarks. */
  readonly idleMs?: number | undefined;
  /** False: list first, even where the server streams initial events. Default true. */
  readonly watchList?: boolean | undefined;
  /** Errors after which the iteration rejects instead of trying again, e.g. `["forbidden", "not-found"]`; default none. */
  readonly stopOn?: readonly KubeClientErrorCode[] | undefined;
  /** Told of each failure that the watch recovers from. Must not throw. */
  readonly onProblem?: ((error: KubeClientError) => void) | undefined;
}

/** Watching. */
export interface Watcher {
  /**
   * Everything of a selection, and then every change to it, for as long as one reads. Starts with the first `next()`; leaving the loop
   * ends it. It survives lost connections, expired versions and restarts of the server: when changes may have been missed, another
   * "synced" tells everything anew. Rejects only on an abort, on errors of `stopOn` and when the client is closed.
   */
  watch<T extends KubeObject>(kind: ResourceKind<T>, selection?: ListSelection, options?: WatchOptions): AsyncIterable<WatchItem<T>>;
}

const DEFAULT_BUFFER_ITEMS = 1_000;
const DEFAULT_IDLE_MS = 180_000;

/** What {@link createWatcher} takes. */
export type WatcherOptions = Omit<ReflectorParts, "server"> & { readonly closing: AbortSignal };

/** Watches over a sender. */
export const createWatcher = (options: WatcherOptions): Watcher => {
  const { closing, ...parts } = options;
  const server = { hasWatchList: true };
  const closedError = (): KubeClientError => new KubeClientError({ code: "closed", message: "the client was closed" });

  const iterate = async function* <T extends KubeObject>(
    kind: ResourceKind<T>,
    selection: ListSelection,
    watchOptions: WatchOptions,
  ): AsyncGenerator<WatchItem<T>, void, undefined> {
    const { signal, stopOn = [], onProblem = () => {}, idleMs = DEFAULT_IDLE_MS } = watchOptions;
    signal?.throwIfAborted();
    if (closing.aborted) throw closedError();
    const leaving = new AbortController();
    using linked = linkSignals(signal, closing, leaving.signal);
    const buffer = createItemBuffer<T>(Math.max(1, watchOptions.bufferItems ?? DEFAULT_BUFFER_ITEMS));
    const ownServer = watchOptions.watchList === false ? { hasWatchList: false } : server;
    const running = runReflector<T>({
      ...parts,
      server: ownServer,
      kind,
      selection,
      buffer,
      idleMs,
      onProblem,
      stopOn,
      signal: linked.signal,
    });
    const ended = running.catch((error: unknown) => buffer.end(closing.aborted ? closedError() : (error as Error)));
    try {
      for (;;) {
        const item = await buffer.take(signal);
        if (item === undefined) return;
        yield item;
      }
    } finally {
      leaving.abort();
      await ended;
    }
  };

  return { watch: (kind, selection = {}, watchOptions = {}) => iterate(kind, selection, watchOptions) };
};
