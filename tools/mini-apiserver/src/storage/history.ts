import { expired } from "../api-error.ts";
import type { StoreChange } from "../contracts.ts";

/** The last changes of one kind, oldest first, so that a watch can begin in the past. */
export interface History {
  add(change: StoreChange): void;
  /** Changes after that version. @throws ApiError 410 when some of them are forgotten. */
  after(resourceVersion: number): readonly StoreChange[];
}

/** Remembers at least `limit` changes and never more than twice as many; knows nothing of what was before version `since`. */
export const createHistory = ({ limit, since }: { readonly limit: number; readonly since: number }): History => {
  let changes: StoreChange[] = [];
  /** All changes after this version are in `changes`. */
  let completeSince = since;
  return {
    add(change) {
      changes.push(change);
      if (changes.length < limit * 2) return;
      completeSince = Number(changes[changes.length - limit - 1]?.resourceVersion);
      changes = changes.slice(-limit);
    },
    after(resourceVersion) {
      if (resourceVersion < completeSince) throw expired(`too old resource version: ${resourceVersion} (${completeSince})`);
      let low = 0;
      let high = changes.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (Number(changes[middle]?.resourceVersion) > resourceVersion) high = middle;
        else low = middle + 1;
      }
      return changes.slice(low);
    },
  };
};
