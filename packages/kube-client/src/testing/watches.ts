import type { Clock } from "@nk/stdx";
import type { KubeObject } from "../kinds.ts";
import { ApiStatusError } from "./api-error.ts";
import type { ObjectStore, StoredChange } from "./object-store.ts";
import type { Route } from "./routes.ts";
import { createSelector } from "./selectors.ts";

/** Where a watch writes to. */
export interface WatchSink {
  write(text: string): void;
  end(): void;
  onClosed(listener: () => void): void;
}

/** What {@link createFakeWatches} takes. */
export interface FakeWatchesOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** Milliseconds between bookmarks. */
  readonly bookmarkMs: number;
  /** "ignored" is a server that does not know the parameter, "refused" one with the feature switched off. */
  readonly watchList: "offered" | "refused" | "ignored";
}

/** The open watches of a fake server. */
export interface FakeWatches {
  /** Starts a watch. @throws ApiStatusError 410 when the version is too old, 400 or 422 for what is refused */
  start(route: Route, query: URLSearchParams, sink: WatchSink): void;
  readonly count: number;
  /** Writes raw text to every open watch. */
  inject(text: string): void;
  /** Ends every open watch in an orderly way. */
  endAll(): void;
  /** From now on open watches say nothing more, while their connections go on. */
  stall(): void;
}

interface OpenWatch {
  readonly sink: WatchSink;
  isStalled: boolean;
}

const INITIAL_EVENTS_END = { "k8s.io/initial-events-end": "true" };

const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;

const tooOld = (): ApiStatusError => new ApiStatusError(410, "Expired", { message: "too old resource version" });

/** No watches. */
export const createFakeWatches = (options: FakeWatchesOptions): FakeWatches => {
  const { store, clock, bookmarkMs } = options;
  const open = new Set<OpenWatch>();

  const checkQuery = (query: URLSearchParams): boolean => {
    if (!query.has("sendInitialEvents") || options.watchList === "ignored") return false;
    if (options.watchList === "refused") {
      const message = "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
      throw new ApiStatusError(422, "Invalid", { message });
    }
    if (query.get("resourceVersionMatch") !== "NotOlderThan") {
      throw new ApiStatusError(422, "Invalid", { message: "resourceVersionMatch: Forbidden: sendInitialEvents requires NotOlderThan" });
    }
    return true;
  };
  /** The change as a watch with a selector sees it: an object may enter or leave the selection. */
  const typeFor = (change: StoredChange, matches: (object: KubeObject) => boolean): StoredChange["type"] | undefined => {
    const was = change.previous !== undefined && matches(change.previous);
    const is = change.type !== "DELETED" && matches(change.object);
    if (was) return is ? "MODIFIED" : "DELETED";
    return is ? "ADDED" : undefined;
  };

  return {
    get count() {
      return open.size;
    },
    start(route, query, sink) {
      const { kind, namespace } = route;
      const isInitial = checkQuery(query);
      const version = query.get("resourceVersion") ?? "";
      const isFromStart = isInitial || version === "" || version === "0";
      if (!isFromStart && Number(version) < store.compactedAt) throw tooOld();
      if (Number(version) > store.resourceVersion) {
        throw new ApiStatusError(504, "Timeout", {
          message: `Too large resource version: ${version}`,
          details: { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }], retryAfterSeconds: 1 },
        });
      }
      const select = createSelector(query);
      const matches = (object: KubeObject): boolean =>
        (namespace === undefined || object.metadata?.namespace === namespace) && select(object);
      const watch: OpenWatch = { sink, isStalled: false };
      const write = (text: string): void => {
        if (!watch.isStalled) sink.write(text);
      };
      const tell = (change: StoredChange): void => {
        if (change.kind.apiVersion !== kind.apiVersion || change.kind.resource !== kind.resource) return;
        const type = typeFor(change, matches);
        if (type !== undefined) write(line(type, change.object));
      };
      const bookmark = (annotations?: Readonly<Record<string, string>>): void => {
        const metadata = {
          resourceVersion: String(store.resourceVersion),
          creationTimestamp: null,
          ...(annotations === undefined ? {} : { annotations }),
        };
        write(line("BOOKMARK", { kind: kind.kind, apiVersion: kind.apiVersion, metadata }));
      };
      // As the API server, headers are sent at once.
      write("");
      if (isFromStart) for (const object of store.list(kind)) if (matches(object)) write(line("ADDED", object));
      if (!isFromStart) for (const change of store.changesSince(Number(version))) tell(change);
      if (isInitial) bookmark(INITIAL_EVENTS_END);

      const subscription = store.onChange(tell);
      let timer: Disposable | undefined;
      const armBookmark = (): void => {
        if (query.get("allowWatchBookmarks") !== "true" || bookmarkMs === Infinity) return;
        timer = clock.schedule(bookmarkMs, () => {
          bookmark();
          armBookmark();
        });
      };
      armBookmark();
      const expiry = clock.schedule(Number(query.get("timeoutSeconds") ?? 1_800) * 1_000, () => sink.end());
      open.add(watch);
      sink.onClosed(() => {
        open.delete(watch);
        subscription[Symbol.dispose]();
        timer?.[Symbol.dispose]();
        expiry[Symbol.dispose]();
      });
    },
    inject(text) {
      for (const { sink } of open) sink.write(text);
    },
    endAll() {
      for (const { sink } of open) sink.end();
    },
    stall() {
      for (const watch of open) watch.isStalled = true;
    },
  };
};
