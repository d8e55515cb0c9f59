import { raceSignal } from "@nk/stdx";
import type { KubeObject } from "../kinds.ts";

/** What a watch tells: everything there is, or one change to it. */
export type WatchItem<T extends KubeObject> =
  | {
      readonly type: "synced";
      /** All there is: replaces what was told before. */
      readonly items: readonly T[];
      readonly resourceVersion: string;
    }
  | { readonly type: "added" | "modified" | "deleted"; readonly object: T };

/** Items between the stream and a slow reader. */
export interface ItemBuffer<T extends KubeObject> {
  /** Puts an item in; a "synced" throws away what lies there. False when there is no room: then everything there is thrown away. */
  put(item: WatchItem<T>): boolean;
  /** The next item; undefined once ended. @throws the error it ended with, or the signal's reason */
  take(signal: AbortSignal | undefined): Promise<WatchItem<T> | undefined>;
  /** Resolves when the reader waits for more. */
  whenWanted(signal: AbortSignal): Promise<void>;
  end(error?: Error): void;
}

/** An empty buffer of at most `maxItems` items. */
export const createItemBuffer = <T extends KubeObject>(maxItems: number): ItemBuffer<T> => {
  let items: WatchItem<T>[] = [];
  let reader = Promise.withResolvers<void>();
  let writer = Promise.withResolvers<void>();
  let isWanted = false;
  let ended: { readonly error: Error | undefined } | undefined;

  const wake = (): void => {
    reader.resolve();
    reader = Promise.withResolvers<void>();
  };
  return {
    put(item) {
      if (item.type === "synced") items = [];
      else if (items.length >= maxItems) {
        items = [];
        return false;
      }
      items.push(item);
      wake();
      return true;
    },
    async take(signal) {
      for (;;) {
        signal?.throwIfAborted();
        const item = items.shift();
        if (item !== undefined) return item;
        if (ended !== undefined) {
          if (ended.error !== undefined) throw ended.error;
          return undefined;
        }
        isWanted = true;
        writer.resolve();
        writer = Promise.withResolvers<void>();
        await raceSignal(reader.promise, signal);
        isWanted = false;
      }
    },
    async whenWanted(signal) {
      while (!isWanted) await raceSignal(writer.promise, signal);
    },
    end(error) {
      ended ??= { error };
      wake();
    },
  };
};
