import { systemClock } from "@nk/stdx";
import type { ApiClient, ApiJson } from "@nk/tool-lab";
import { PATIENCE_MS } from "./context.ts";
import type { PodView } from "./pods.ts";

/** What is followed, and until when. */
export interface FollowOptions {
  /** A collection's path, with its query. */
  readonly path: string;
  readonly signal: AbortSignal;
  /** How long the API may be away; default 10 s. */
  readonly patienceMs?: number;
}

const RETRY_MS = 200;

const uidOf = ({ metadata }: ApiJson): string => metadata?.uid ?? "";

/** One list and its watch until the server ends it; all pods at each change. */
async function* followOnce(api: ApiClient, { path, signal }: FollowOptions): AsyncGenerator<readonly PodView[], void, undefined> {
  const { metadata, items = [] } = await api.json(path, { signal });
  const pods = new Map(items.map((item) => [uidOf(item), item]));
  const all = (): readonly PodView[] => [...pods.values()] as readonly PodView[];
  yield all();
  for await (const { type, object } of api.watch(path, { resourceVersion: metadata?.resourceVersion ?? "", signal })) {
    // Too old a version: the next list begins anew.
    if (type === "ERROR") return;
    if (type === "BOOKMARK") continue;
    if (type === "DELETED") pods.delete(uidOf(object));
    else pods.set(uidOf(object), object);
    yield all();
  }
}

/** The pods of a collection, again at each change, for as long as one asks; rejects with the signal's reason, or when the API stays away. */
export async function* followPods(api: ApiClient, options: FollowOptions): AsyncGenerator<readonly PodView[], never, undefined> {
  const { signal, patienceMs = PATIENCE_MS } = options;
  let awaySinceMs: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    try {
      for await (const pods of followOnce(api, options)) {
        awaySinceMs = undefined;
        yield pods;
      }
    } catch (error) {
      signal.throwIfAborted();
      awaySinceMs ??= systemClock.monotonicMs();
      if (systemClock.monotonicMs() - awaySinceMs > patienceMs) throw error;
    }
    await systemClock.sleep(RETRY_MS, { signal });
  }
}
