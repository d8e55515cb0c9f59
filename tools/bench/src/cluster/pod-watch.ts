import type { ApiChange, ApiClient, ApiJson } from "@nk/tool-lab";

/** What a watcher sees of a pod, in the order in which it usually does. */
export const STEPS = ["created", "bound", "running", "ready", "deleted", "gone"] as const;
export type Step = (typeof STEPS)[number];

/** When a step was seen first, milliseconds of the clock given. */
export type PodTimes = { readonly [S in Step]?: number };

/** When a watcher saw what of the pods of a namespace. */
export interface PodWatch {
  /** Waits for a step of a pod; resolves with its time. Names must not be used twice. */
  until(name: string, step: Step): Promise<number>;
  /** What has been seen of a pod; it is forgotten with it. */
  take(name: string): PodTimes;
  /** Rejects when the watch fails. */
  readonly failed: Promise<never>;
}

interface PodLike {
  readonly metadata?: { readonly name?: string; readonly deletionTimestamp?: string };
  readonly spec?: { readonly nodeName?: string };
  readonly status?: { readonly phase?: string; readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** The steps that one change shows. */
export const computeSteps = ({ type, object }: Pick<ApiChange, "type" | "object">): readonly Step[] => {
  const { metadata, spec, status } = object as PodLike;
  const isReady = status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true;
  const isShown: { readonly [S in Step]: boolean } = {
    created: true,
    bound: spec?.nodeName !== undefined,
    running: status?.phase === "Running",
    ready: isReady,
    deleted: metadata?.deletionTimestamp !== undefined,
    gone: type === "DELETED",
  };
  return STEPS.filter((step) => isShown[step]);
};

/** What a pod watch is made with. */
export interface PodWatchOptions {
  readonly api: Pick<ApiClient, "json" | "watch">;
  readonly namespace: string;
  readonly nowMs: () => number;
  /** Waits before a watch that the server ended is opened again. */
  readonly reopenIn: (signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

interface Entry {
  readonly times: { [S in Step]?: number };
  readonly waiting: Map<Step, PromiseWithResolvers<number>>;
}

/** Resolves when changes from now on are seen. */
export const openPodWatch = async ({ api, namespace, nowMs, reopenIn, signal }: PodWatchOptions): Promise<PodWatch> => {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const list = await api.json(path, { signal });
  const entries = new Map<string, Entry>();
  const entryOf = (name: string): Entry => {
    const known = entries.get(name) ?? { times: {}, waiting: new Map() };
    entries.set(name, known);
    return known;
  };
  let version = list.metadata?.resourceVersion ?? "";
  const see = (change: ApiChange): void => {
    const now = nowMs();
    if (change.type === "BOOKMARK") return;
    if (change.type === "ERROR") throw new Error(`the watch of pods failed: ${JSON.stringify(change.object)}`);
    version = change.object.metadata?.resourceVersion ?? version;
    const { times, waiting } = entryOf(nameOf(change.object));
    for (const step of computeSteps(change)) {
      if (times[step] !== undefined) continue;
      times[step] = now;
      waiting.get(step)?.resolve(now);
    }
  };
  // A server may end a watch whenever it likes; nothing is lost, because the next one begins where it ended.
  const follow = async (): Promise<never> => {
    for (;;) {
      for await (const change of api.watch(path, { resourceVersion: version, signal })) see(change);
      signal.throwIfAborted();
      await reopenIn(signal);
    }
  };
  const failed = follow();
  failed.catch(() => undefined);
  return {
    failed,
    until: async (name, step) => {
      const { times, waiting } = entryOf(name);
      const seen = times[step];
      if (seen !== undefined) return seen;
      const wait = waiting.get(step) ?? Promise.withResolvers<number>();
      waiting.set(step, wait);
      return Promise.race([wait.promise, failed]);
    },
    take: (name) => {
      const { times } = entryOf(name);
      entries.delete(name);
      return times;
    },
  };
};

const nameOf = (object: ApiJson): string => object.metadata?.name ?? "";
