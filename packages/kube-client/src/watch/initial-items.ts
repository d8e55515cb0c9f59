import type { KubeObject, ResourceKind } from "../kinds.ts";
import { completeItem } from "../verbs.ts";
import type { WatchEvent } from "./watch-event.ts";

/** Collects what a server streams before the bookmark that says "this is all". */
export interface InitialItems<T extends KubeObject> {
  readonly isComplete: boolean;
  readonly isTooLarge: boolean;
  /** "unsupported": the server does not know initial events and streams something else. */
  take(event: WatchEvent<T>, sizeBytes: number): "taken" | "too-large" | "unsupported";
  items(): readonly T[];
}

/** Nothing collected yet; events of `maxBytes` together may be. */
export const createInitialItems = <T extends KubeObject>(kind: ResourceKind<T>, maxBytes: number): InitialItems<T> => {
  const byKey = new Map<string, T>();
  let takenBytes = 0;
  let isComplete = false;
  return {
    get isComplete() {
      return isComplete;
    },
    get isTooLarge() {
      return takenBytes > maxBytes;
    },
    take(event, sizeBytes) {
      takenBytes += sizeBytes;
      if (takenBytes > maxBytes) return "too-large";
      if (event.type === "error") return "unsupported";
      if (event.type === "bookmark") {
        isComplete = event.isInitialEnd;
        return isComplete ? "taken" : "unsupported";
      }
      const { name, namespace } = event.object.metadata ?? {};
      const key = `${namespace ?? ""}/${name ?? ""}`;
      if (event.type === "deleted") byKey.delete(key);
      else byKey.set(key, completeItem(kind, event.object));
      return "taken";
    },
    items: () => [...byKey.values()],
  };
};
