import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { Clock } from "@nk/stdx";

/** Tells when a log file may have changed. */
export interface LogWatcher extends Disposable {
  /** Resolves at the next change, or at once when there was one since the last wait, or after `recheckMs`. */
  wait(signal: AbortSignal | undefined): Promise<void>;
}

/**
 * Watches the directory and not the file, because rotation puts another file under the name. A change that inotify does not tell (a
 * full watch table, an odd file system) is seen at the next re-check.
 */
export const createLogWatcher = (path: string, options: { readonly clock: Clock; readonly recheckMs: number }): LogWatcher => {
  const name = basename(path);
  let isDirty = false;
  let wake: (() => void) | undefined;
  const touch = (): void => {
    isDirty = true;
    wake?.();
  };
  const startWatching = (): Disposable => {
    try {
      const watcher = watch(dirname(path), { persistent: true }, (_event, changed) => {
        if (changed === null || changed === name) touch();
      });
      watcher.on("error", () => watcher.close());
      return { [Symbol.dispose]: () => watcher.close() };
    } catch {
      return { [Symbol.dispose]: () => undefined };
    }
  };
  const watching = startWatching();
  return {
    wait: async (signal) => {
      signal?.throwIfAborted();
      if (!isDirty) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        using _timer = options.clock.schedule(options.recheckMs, resolve);
        signal?.addEventListener("abort", resolve as () => void, { once: true });
        await promise;
        signal?.removeEventListener("abort", resolve as () => void);
        wake = undefined;
      }
      isDirty = false;
      signal?.throwIfAborted();
    },
    [Symbol.dispose]: () => watching[Symbol.dispose](),
  };
};
