import { isApiError } from "../api-error.ts";
import type { ApiObject, Store, StoreChange, StoredKind } from "../contracts.ts";

/** Is told of everything there is, then of each change. Must not throw. */
export interface Follower {
  /** With what there is at the beginning, and again when changes were missed. */
  onList(objects: readonly ApiObject[]): void;
  onChange(change: StoreChange): void;
}

/** Follows the objects of a kind until the signal aborts; after a gap (410) it lists again. Resolves on abort. */
export const follow = async (
  store: Store,
  kind: StoredKind,
  { follower, signal }: { readonly follower: Follower; readonly signal: AbortSignal },
): Promise<void> => {
  while (!signal.aborted) {
    const { items, resourceVersion } = store.list(kind);
    follower.onList(items);
    try {
      // oxlint-disable-next-line no-await-in-loop -- one watch after another
      for await (const change of store.watch(kind, { resourceVersion, signal })) follower.onChange(change);
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (!isApiError(error) || error.code !== 410) throw error;
    }
  }
};
