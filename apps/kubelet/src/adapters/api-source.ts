import { podRef } from "@nk/pod-model";
import type { Pod, PodRef, PodUid, PodUpdate, SourceSnapshot } from "@nk/pod-model";
import { raceSignal } from "@nk/stdx";
import type { WatchItem } from "./watched-objects.ts";

/** Who is told what the API shows of this node's pods. */
export interface ApiSourceSink {
  /** A pod that was not there when the watch began, before it is shown. */
  appeared(ref: PodRef): void;
  /** One pod as the API shows it, mirror pods among them, before it is handed on. */
  shown(pod: Pod): void;
  /** The API has it no longer. */
  gone(ref: PodRef): void;
  applySnapshot(snapshot: SourceSnapshot): void;
  applyUpdate(update: PodUpdate, source: "api"): void;
}

export interface ApiSourceOptions {
  readonly watch: (options: { readonly signal: AbortSignal }) => AsyncIterable<WatchItem<Pod>>;
  /** The first snapshot waits for it: what pods are configured from has to be known before them. */
  readonly ready: Promise<unknown>;
}

/** The pods of the API as a source; a change is handed on as one difference. */
export const createApiSource = ({ watch, ready }: ApiSourceOptions, sink: ApiSourceSink): ((signal: AbortSignal) => Promise<void>) => {
  const known = new Map<PodUid, PodRef>();
  const show = (pod: Pod): void => {
    const ref = podRef(pod);
    known.set(ref.uid, ref);
    sink.shown(pod);
  };
  const lose = (ref: PodRef): void => {
    known.delete(ref.uid);
    sink.gone(ref);
  };
  const replaceAll = (pods: readonly Pod[]): void => {
    const uids = new Set(pods.map((pod) => podRef(pod).uid));
    for (const ref of known.values()) if (!uids.has(ref.uid)) lose(ref);
    for (const pod of pods) show(pod);
    sink.applySnapshot({ source: "api", pods, problems: [] });
  };
  let isSynced = false;
  return async (signal) => {
    for await (const item of watch({ signal })) {
      if (item.type === "synced") {
        // It may never come when the kubelet stops first.
        await raceSignal(ready, signal);
        isSynced = true;
        replaceAll(item.items);
      } else if (item.type === "deleted") {
        lose(podRef(item.object));
        sink.applyUpdate({ type: "remove", pod: item.object }, "api");
      } else {
        const ref = podRef(item.object);
        if (isSynced && !known.has(ref.uid)) sink.appeared(ref);
        show(item.object);
        sink.applyUpdate({ type: "update", pod: item.object }, "api");
      }
    }
  };
};
