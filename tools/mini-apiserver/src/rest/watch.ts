import { isApiError, statusOf } from "../api-error.ts";
import type { Status } from "../api-error.ts";
import type { ApiObject, Store, StoreChange } from "../contracts.ts";
import { canonicalize } from "../kinds/canonicalize.ts";
import { groupVersionOf, storedKindOf } from "../kinds/kind-definition.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";
import { typePlan } from "../kinds/schema.ts";
import type { ListOptions } from "./list-options.ts";
import { tooLargeVersion } from "./list-options.ts";

/** What a watch tells. */
export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; readonly object: ApiObject }
  | { readonly type: "ERROR"; readonly object: Status };

/** What a watch runs on. */
export interface WatchOptions {
  readonly options: ListOptions;
  readonly store: Store;
  readonly signal: AbortSignal;
}

/** A bookmark of the kind; with the annotation that ends the initial events if asked. */
export const bookmarkOf = (definition: KindDefinition, resourceVersion: string, endsInitialEvents = false): ApiObject => {
  const annotations = endsInitialEvents ? { annotations: { "k8s.io/initial-events-end": "true" } } : {};
  const bookmark = { kind: definition.kind, apiVersion: groupVersionOf(definition), metadata: { resourceVersion, ...annotations } };
  // With all that Go writes of an object that is empty.
  return canonicalize(typePlan(definition.type), bookmark).value;
};

/** What a change means to one who sees only what matches: what leaves the selection is deleted to him, what enters it is added. */
const eventFor = (change: StoreChange, definition: KindDefinition, matches: ListOptions["matches"]): WatchEvent | undefined => {
  const fromStored = definition.storedAs?.fromStored ?? ((object: ApiObject) => object);
  const object = fromStored(change.object);
  const isIn = change.type !== "DELETED" && matches(object);
  const wasIn = change.previous !== undefined && matches(fromStored(change.previous));
  if (isIn) return { type: wasIn ? "MODIFIED" : "ADDED", object };
  if (!wasIn) return undefined;
  if (change.type === "DELETED" || change.previous === undefined) return { type: "DELETED", object };
  // The state it was last seen in, at the version at which it left.
  const previous = fromStored(change.previous);
  return { type: "DELETED", object: { ...previous, metadata: { ...previous.metadata, resourceVersion: change.resourceVersion } } };
};

/** Where a watch begins: with the present, or after a version. */
const initialEvents = (
  definition: KindDefinition,
  namespace: string | undefined,
  { options, store }: WatchOptions,
): { readonly events: readonly WatchEvent[]; readonly since: string } => {
  const { resourceVersion: version, sendsInitialEvents } = options;
  const current = store.resourceVersion;
  if (version !== "" && Number(version) > Number(current)) throw tooLargeVersion(version, current);
  if (sendsInitialEvents === false && (version === "" || version === "0")) return { events: [], since: current };
  const startsWithAll = sendsInitialEvents ?? (version === "" || version === "0");
  if (!startsWithAll) return { events: [], since: version };
  const fromStored = definition.storedAs?.fromStored ?? ((object: ApiObject) => object);
  const { items } = store.list(storedKindOf(definition), namespace === undefined ? {} : { namespace });
  const events = items
    .map(fromStored)
    .filter(options.matches)
    .map((object): WatchEvent => ({ type: "ADDED", object }));
  if (sendsInitialEvents !== true || !options.allowsBookmarks) return { events, since: current };
  return { events: [...events, { type: "BOOKMARK", object: bookmarkOf(definition, current, true) }], since: current };
};

/**
 * What a client that watches is told, until the signal aborts. What goes wrong after the start is told too, as the last event.
 * Never throws.
 */
export async function* watchObjects(
  definition: KindDefinition,
  namespace: string | undefined,
  watch: WatchOptions,
): AsyncGenerator<WatchEvent, void, undefined> {
  const { options, store, signal } = watch;
  try {
    const { events, since } = initialEvents(definition, namespace, watch);
    // Before the first event goes out: nothing that happens meanwhile is lost.
    const changes = store.watch(storedKindOf(definition), {
      resourceVersion: since,
      signal,
      ...(namespace === undefined ? {} : { namespace }),
    });
    yield* events;
    for await (const change of changes) {
      const event = eventFor(change, definition, options.matches);
      if (event !== undefined) yield event;
    }
  } catch (error) {
    if (!isApiError(error)) throw error;
    yield { type: "ERROR", object: statusOf(error) };
  }
}
