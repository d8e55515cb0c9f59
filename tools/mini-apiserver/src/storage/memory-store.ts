import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { formatTimestamp } from "@nk/pod-model";
import { systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { alreadyExists, conflict, notFound } from "../api-error.ts";
import type { ApiObject, Store, StoreChange, StoredKind } from "../contracts.ts";
import { createChangeFeed } from "./change-feed.ts";
import type { ChangeFeed } from "./change-feed.ts";
import { createHistory } from "./history.ts";
import type { History } from "./history.ts";
import { noPersistence } from "./persistence.ts";
import type { Persistence } from "./persistence.ts";

/** What {@link createMemoryStore} takes. */
export interface MemoryStoreOptions {
  readonly clock?: Clock;
  /** Default: random. */
  readonly createUid?: () => string;
  /** Changes of each kind a watch can go back, at least; default 2000. */
  readonly historyLimit?: number;
  /** Changes a watcher may lag behind before it is dropped; default 10,000. */
  readonly backlogLimit?: number;
  /** Where the objects live beyond the process; default: nowhere. */
  readonly persistence?: Persistence;
}

/** The objects of one kind. */
interface Shelf {
  readonly kind: StoredKind;
  readonly objects: Map<string, ApiObject>;
  /** Keys in order; undefined when one came or went since it was made. */
  sortedKeys: readonly string[] | undefined;
  readonly history: History;
  readonly feed: ChangeFeed;
}

type Where = { readonly namespace?: string; readonly name: string };

const keyOf = ({ namespace, name }: Where): string => (namespace === undefined || namespace === "" ? name : `${namespace}/${name}`);
const keyOfObject = ({ metadata }: ApiObject): string =>
  keyOf({ name: metadata?.name ?? "", ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }) });

const withMeta = (object: ApiObject, meta: NonNullable<ApiObject["metadata"]>): ApiObject => ({
  ...object,
  metadata: { ...object.metadata, ...meta },
});

/** Everything that is shared by the store's methods. */
const createShelves = (options: MemoryStoreOptions) => {
  const { historyLimit = 2000, backlogLimit = 10_000, persistence = noPersistence } = options;
  const shelves = new Map<string, Shelf>();
  const loaded = persistence.load();
  let version = loaded.resourceVersion;
  const since = version;

  const shelfOf = (kind: StoredKind): Shelf => {
    const id = `${kind.group}/${kind.resource}`;
    const known = shelves.get(id);
    if (known !== undefined) return known;
    const shelf: Shelf = {
      kind: { group: kind.group, resource: kind.resource },
      objects: new Map(),
      sortedKeys: undefined,
      history: createHistory({ limit: historyLimit, since }),
      feed: createChangeFeed({ backlogLimit }),
    };
    shelves.set(id, shelf);
    return shelf;
  };

  const commit = (shelf: Shelf, key: string, change: StoreChange): void => {
    const isGone = change.type === "DELETED";
    const next = Number(change.resourceVersion);
    // First where it may fail: what could not be kept has not happened.
    persistence.write({ kind: shelf.kind, key, object: isGone ? undefined : change.object, resourceVersion: next });
    version = next;
    if (isGone) shelf.objects.delete(key);
    else shelf.objects.set(key, change.object);
    if (change.type !== "MODIFIED") shelf.sortedKeys = undefined;
    shelf.history.add(change);
    shelf.feed.publish(change);
  };

  for (const { kind, key, object } of loaded.rows) if (object !== undefined) shelfOf(kind).objects.set(key, object);
  return { shelfOf, commit, nextVersion: () => `${version + 1}`, currentVersion: () => `${version}` };
};

const listShelf = (shelf: Shelf, namespace: string | undefined): readonly ApiObject[] => {
  // By key, as etcd lists: clients page through it.
  shelf.sortedKeys ??= [...shelf.objects.keys()].toSorted();
  const prefix = namespace === undefined ? "" : `${namespace}/`;
  const items: ApiObject[] = [];
  for (const key of shelf.sortedKeys) {
    const object = key.startsWith(prefix) ? shelf.objects.get(key) : undefined;
    if (object !== undefined) items.push(object);
  }
  return items;
};

/** A {@link Store} whose objects are all in memory, written through to `persistence`. Synchronous: one change is one step. */
export const createMemoryStore = (options: MemoryStoreOptions = {}): Store => {
  const { clock = systemClock, createUid = randomUUID } = options;
  const { shelfOf, commit, nextVersion, currentVersion } = createShelves(options);
  return {
    get resourceVersion() {
      return currentVersion();
    },
    get: (kind, where) => shelfOf(kind).objects.get(keyOf(where)),
    list: (kind, where) => ({ items: listShelf(shelfOf(kind), where?.namespace), resourceVersion: currentVersion() }),
    create(kind, object) {
      const shelf = shelfOf(kind);
      const key = keyOfObject(object);
      const existing = shelf.objects.get(key);
      if (existing !== undefined)
        throw alreadyExists(kind, object.metadata?.name ?? "", existing.metadata?.deletionTimestamp !== undefined);
      const resourceVersion = nextVersion();
      const creationTimestamp = formatTimestamp(clock.nowMs());
      const created = withMeta(object, { uid: object.metadata?.uid ?? createUid(), resourceVersion, creationTimestamp });
      commit(shelf, key, { type: "ADDED", object: created, resourceVersion });
      return created;
    },
    update(kind, where, change) {
      const shelf = shelfOf(kind);
      const key = keyOf(where);
      const current = shelf.objects.get(key);
      if (current === undefined) throw notFound(kind, where.name);
      const wanted = change(current);
      if (wanted === current) return current;
      const held = current.metadata?.resourceVersion;
      const claimed = wanted.metadata?.resourceVersion;
      if (claimed !== undefined && claimed !== "" && claimed !== held) throw conflict(kind, where.name);
      const { uid, creationTimestamp } = current.metadata ?? {};
      const kept = { ...(uid === undefined ? {} : { uid }), ...(creationTimestamp === undefined ? {} : { creationTimestamp }) };
      if (isDeepStrictEqual(withMeta(wanted, { ...kept, ...(held === undefined ? {} : { resourceVersion: held }) }), current))
        return current;
      const resourceVersion = nextVersion();
      const updated = withMeta(wanted, { ...kept, resourceVersion });
      commit(shelf, key, { type: "MODIFIED", object: updated, previous: current, resourceVersion });
      return updated;
    },
    remove(kind, where) {
      const shelf = shelfOf(kind);
      const key = keyOf(where);
      const current = shelf.objects.get(key);
      if (current === undefined) return undefined;
      const resourceVersion = nextVersion();
      const removed = withMeta(current, { resourceVersion });
      commit(shelf, key, { type: "DELETED", object: removed, previous: current, resourceVersion });
      return removed;
    },
    watch(kind, { resourceVersion, namespace, signal }) {
      const shelf = shelfOf(kind);
      return shelf.feed.follow(shelf.history.after(Number(resourceVersion)), { namespace, signal });
    },
  };
};
