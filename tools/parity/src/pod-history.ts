import { createEmitter, systemClock } from "@nk/stdx";
import type { ApiClient, ApiJson } from "@nk/tool-lab";

/** A pod as the API showed it at one time. */
export interface Sighting {
  readonly atMs: number;
  readonly isGone: boolean;
  readonly pod: ApiJson;
}

/** Every version of every pod that a watch has shown; the recordings' pods have names of their own. */
export interface PodHistory {
  /** Oldest first. */
  of(name: string): readonly Sighting[];
  /** Waits until `isDone`, which is asked after every change of the pod and every 250 ms; false when the time is over. */
  until(
    name: string,
    isDone: () => boolean | Promise<boolean>,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<boolean>;
  /** Rejects when the watch fails; resolves when the signal ends it. */
  readonly done: Promise<void>;
}

const PERIOD_MS = 250;

/** Watches the pods of all namespaces from now on. */
export const watchPods = async (api: ApiClient, signal: AbortSignal): Promise<PodHistory> => {
  const path = "/api/v1/pods";
  const list = await api.json(path, { signal });
  const sightings = new Map<string, Sighting[]>();
  const changes = createEmitter<string>();
  const follow = async (): Promise<void> => {
    for await (const { type, object } of api.watch(path, { resourceVersion: list.metadata?.resourceVersion ?? "0", signal })) {
      if (type === "ERROR") throw new Error(`the watch of ${path} failed: ${JSON.stringify(object)}`);
      if (type === "BOOKMARK") continue;
      const name = object.metadata?.name ?? "";
      const known = sightings.get(name) ?? [];
      known.push({ atMs: systemClock.monotonicMs(), isGone: type === "DELETED", pod: object });
      sightings.set(name, known);
      changes.emit(name);
    }
    if (!signal.aborted) throw new Error(`the watch of ${path} ended`);
  };
  const done = follow();
  done.catch(() => undefined);
  const nextChange = async (name: string, scope: AbortSignal): Promise<void> => {
    const next = Promise.withResolvers<void>();
    using _subscription = changes.subscribe((changed) => {
      if (changed === name) next.resolve();
    });
    await Promise.race([next.promise, systemClock.sleep(PERIOD_MS, { signal: scope })]);
  };
  return {
    of: (name) => sightings.get(name) ?? [],
    until: async (name, isDone, options) => {
      const deadline = systemClock.monotonicMs() + options.timeoutMs;
      while (!(await isDone())) {
        if (systemClock.monotonicMs() >= deadline) return false;
        await nextChange(name, options.signal);
      }
      return true;
    },
    done,
  };
};
