import type { Pod, PodUpdate, SourceSnapshot } from "@nk/pod-model";
import type { WatchItem } from "./watched-objects.ts";

/** Who is told what the API wants to run here. */
export interface ApiSourceSink {
  /** One pod as the API shows it, mirror pods among them, before it is handed on. */
  shown(pod: Pod): void;
  applySnapshot(snapshot: SourceSnapshot): void;
  applyUpdate(update: PodUpdate, source: "api"): void;
}

export interface ApiSourceOptions {
  readonly watch: (options: { readonly signal: AbortSignal }) => AsyncIterable<WatchItem<Pod>>;
  /** The first snapshot waits for it: what pods are configured from has to be known before them. */
  readonly ready: Promise<unknown>;
}

/** The pods of the API as a source; a change is handed on as one difference. */
export const createApiSource =
  ({ watch, ready }: ApiSourceOptions, sink: ApiSourceSink): ((signal: AbortSignal) => Promise<void>) =>
  async (signal) => {
    for await (const item of watch({ signal })) {
      if (item.type === "synced") {
        await ready;
        for (const pod of item.items) sink.shown(pod);
        sink.applySnapshot({ source: "api", pods: item.items, problems: [] });
      } else if (item.type === "deleted") {
        sink.applyUpdate({ type: "remove", pod: item.object }, "api");
      } else {
        sink.shown(item.object);
        sink.applyUpdate({ type: "update", pod: item.object }, "api");
      }
    }
  };
