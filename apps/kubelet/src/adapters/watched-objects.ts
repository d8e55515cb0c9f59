import type { ObjectMeta } from "@nk/pod-model";
import { createEmitter } from "@nk/stdx";

/** What a watch delivers: everything there is, at first and whenever it had to look anew; then one change after the other. */
export type WatchItem<T> =
  | { readonly type: "synced"; readonly items: readonly T[] }
  | { readonly type: "added" | "modified" | "deleted"; readonly object: T };

/** The objects a watch has shown, in memory. */
export interface WatchedObjects<T> {
  /** Resolves when all of them have been seen once. */
  readonly synced: Promise<void>;
  list(): readonly T[];
  get(name: string, namespace?: string): T | undefined;
  /** Called after each change. */
  subscribe(listener: () => void): Disposable;
  run(signal: AbortSignal): Promise<void>;
}

interface Named {
  readonly metadata?: ObjectMeta;
}

const keyOf = ({ metadata }: Named): string => `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`;

/** Keeps what `watch` shows. For kinds of which a node has few: all of them are kept. */
export const createWatchedObjects = <T extends Named>(
  watch: (options: { readonly signal: AbortSignal }) => AsyncIterable<WatchItem<T>>,
): WatchedObjects<T> => {
  const objects = new Map<string, T>();
  const changes = createEmitter<undefined>();
  const synced = Promise.withResolvers<void>();
  const apply = (item: WatchItem<T>): void => {
    switch (item.type) {
      case "synced":
        objects.clear();
        for (const object of item.items) objects.set(keyOf(object), object);
        return synced.resolve();
      case "added":
      case "modified":
        objects.set(keyOf(item.object), item.object);
        return;
      case "deleted":
        objects.delete(keyOf(item.object));
    }
  };
  return {
    synced: synced.promise,
    list: () => [...objects.values()],
    get: (name, namespace = "") => objects.get(`${namespace}/${name}`),
    subscribe: (listener) => changes.subscribe(() => listener()),
    run: async (signal) => {
      for await (const item of watch({ signal })) {
        apply(item);
        changes.emit(undefined);
      }
    },
  };
};
