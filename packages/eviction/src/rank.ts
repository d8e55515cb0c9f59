import { isCriticalPod, podRef } from "@nk/pod-model";
import type { Pod, Quantity } from "@nk/pod-model";
import { sharesOf } from "./filesystem-layout.ts";
import type { FilesystemLayout } from "./filesystem-layout.ts";
import { resourceOf } from "./signals.ts";
import type { Signal } from "./signals.ts";
import { requestOf, usageOf } from "./usage.ts";
import type { StatsByUid } from "./usage.ts";

/** A pod and what it was ranked by. */
export interface RankedPod {
  readonly pod: Pod;
  /** Static and mirror pods and those of a system priority are ranked, and never evicted. */
  readonly isCritical: boolean;
  /** Of the resource that the signal is about; undefined when nothing is known of the pod, which ranks it first. */
  readonly usage?: Quantity;
  readonly request: Quantity;
  /** Always false for pids, which nobody requests. */
  readonly exceedsRequest: boolean;
  readonly priority: number;
}

export interface RankOptions {
  readonly signal: Signal;
  readonly layout: FilesystemLayout;
  readonly stats: StatsByUid;
}

const measure = (pod: Pod, { signal, layout, stats }: RankOptions): RankedPod => {
  const resource = resourceOf(signal);
  const found = stats.get(podRef(pod).uid);
  const usage = found === undefined ? undefined : usageOf(pod, found, { resource, shares: sharesOf(signal, layout) });
  const request = requestOf(pod, resource);
  return {
    pod,
    isCritical: isCriticalPod(pod),
    ...(usage === undefined ? {} : { usage }),
    request,
    exceedsRequest: resource !== "pids" && usage !== undefined && usage.nanos > request.nanos,
    priority: pod.spec?.priority ?? 0,
  };
};

type Compare = (a: RankedPod, b: RankedPod) => number;

const byUnknown: Compare = (a, b) => Number(a.usage !== undefined) - Number(b.usage !== undefined);
const byExceeding: Compare = (a, b) => byUnknown(a, b) || Number(b.exceedsRequest) - Number(a.exceedsRequest);
const byPriority: Compare = (a, b) => a.priority - b.priority;

/** The largest use beyond the request first. */
const byExcess: Compare = (a, b) => {
  const unknown = byUnknown(a, b);
  if (unknown !== 0 || a.usage === undefined || b.usage === undefined) return unknown;
  const [excessA, excessB] = [a.usage.nanos - a.request.nanos, b.usage.nanos - b.request.nanos];
  return excessA === excessB ? 0 : excessA > excessB ? -1 : 1;
};

const compareTexts = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** Between pods that are equal otherwise the younger one goes, for it has least to lose; then the UID decides. The reference leaves it to chance. */
const byAge: Compare = (a, b) =>
  compareTexts(b.pod.metadata?.creationTimestamp ?? "", a.pod.metadata?.creationTimestamp ?? "") ||
  compareTexts(podRef(a.pod).uid, podRef(b.pod).uid);

const ORDERS: { readonly [kind in "consumption" | "pids"]: readonly Compare[] } = {
  // Kubernetes has no request for pids, so that nobody exceeds one.
  pids: [byPriority, byExcess, byAge],
  consumption: [byExceeding, byPriority, byExcess, byAge],
};

/**
 * The pods in the order in which they would be evicted for the signal: for memory and disks by whether they use more than they requested, by
 * priority, and by how much more; for pids by priority and number of processes (rankMemoryPressure, rankDiskPressureFunc, rankPIDPressure).
 * Pods without stats come first among their equals. A strict order: the same pods give the same ranking in whatever order they came.
 */
export const rankPods = (pods: readonly Pod[], options: RankOptions): readonly RankedPod[] => {
  const order = ORDERS[resourceOf(options.signal) === "pids" ? "pids" : "consumption"];
  return pods
    .map((pod) => measure(pod, options))
    .toSorted((a, b) => {
      for (const compare of order) {
        const result = compare(a, b);
        if (result !== 0) return result;
      }
      return 0;
    });
};
