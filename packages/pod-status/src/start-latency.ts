import { CONFIG_ANNOTATIONS, isHostNetwork, isMirrorPod, isPodModelError, parseTimestamp, podRef } from "@nk/pod-model";
import type { Pod, PodUid } from "@nk/pod-model";
import { systemClock } from "@nk/stdx";
import type { Clock, Gauge, Histogram, MetricRegister } from "@nk/stdx";
import type { PodStatusChange } from "./pod-statuses.ts";

/** Seconds; the reference's buckets of every duration of a pod's start. */
const BUCKETS: readonly number[] = [
  0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600,
];

/** How long pods take to start; names and buckets are the reference's. */
export interface PodStartMetrics {
  readonly startDuration: Histogram;
  readonly sliDuration: Histogram;
  readonly totalDuration: Histogram;
  readonly firstNetworkPod: Gauge;
}

/** Registers the metrics of pod starts; call it once per registry. */
export const createPodStartMetrics = (register: MetricRegister): PodStartMetrics => ({
  startDuration: register.histogram({
    name: "kubelet_pod_start_duration_seconds",
    help: "[ALPHA] Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run",
    buckets: BUCKETS,
  }),
  sliDuration: register.histogram({
    name: "kubelet_pod_start_sli_duration_seconds",
    help: "[ALPHA] Duration in seconds to start a pod, excluding time to pull images and run init containers, measured from pod creation timestamp to when all its containers are reported as started and observed via watch",
    buckets: BUCKETS,
  }),
  totalDuration: register.histogram({
    name: "kubelet_pod_start_total_duration_seconds",
    help: "[ALPHA] Duration in seconds to start a pod since creation, including time to pull images and run init containers, measured from pod creation timestamp to when all its containers are reported as started and observed via watch",
    buckets: BUCKETS,
  }),
  firstNetworkPod: register.gauge({
    name: "kubelet_first_network_pod_start_sli_duration_seconds",
    help: "[INTERNAL] Duration in seconds to start the first network pod, excluding time to pull images and run init containers, measured from pod creation timestamp to when all its containers are reported as started and observed via watch",
  }),
});

/** Measures how long pods take from their creation to the moment at which everybody can see that they run. */
export interface PodStartLatency {
  /** A status was computed; the first Running one ends `kubelet_pod_start_duration_seconds`. */
  changed(change: PodStatusChange): void;
  /** The API shows this object, from the watch. Mirror pods do not count: they are made after their pods. */
  observed(pod: Pod): void;
  /** The status was written, with the object as the API answered. */
  written(pod: Pod): void;
  /** An image of the pod begins to be pulled; call what it returns when that ends, whatever came of it. Pulls may overlap. */
  pulling(uid: PodUid): () => void;
  forget(uid: PodUid): void;
}

interface Start {
  /** Pulls that run, and when the oldest of those that overlap began. */
  pulls: number;
  pullingSinceMs: number;
  pulledMs: number;
  isWritten: boolean;
}

const timeOf = (text: string | undefined): number | undefined => {
  if (text === undefined || text === null) return undefined;
  try {
    return parseTimestamp(text);
  } catch (error) {
    if (isPodModelError(error)) return undefined;
    throw error;
  }
};

const isUnschedulable = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === "PodScheduled" && status === "False") === true;

const haveAllStarted = (pod: Pod): boolean => {
  const statuses = pod.status?.containerStatuses ?? [];
  return statuses.length > 0 && statuses.every(({ state }) => state?.running?.startedAt !== undefined);
};

/** Whether it has volumes that somebody else must make ready first; such pods are no measure of the node. */
const isStateful = (pod: Pod): boolean =>
  pod.spec?.volumes?.some(
    ({ secret, configMap, downwardAPI, emptyDir, projected }) =>
      secret === undefined && configMap === undefined && downwardAPI === undefined && emptyDir === undefined && projected === undefined,
  ) === true;

/** Time that init containers took, as the status tells it, milliseconds. */
const initMs = (pod: Pod): number =>
  (pod.status?.initContainerStatuses ?? []).reduce((sum, { state }) => {
    const started = timeOf(state?.terminated?.startedAt);
    const finished = timeOf(state?.terminated?.finishedAt);
    return sum + (started === undefined || finished === undefined ? 0 : Math.max(0, finished - started));
  }, 0);

/**
 * Creates it for pods that start from now on. Follows the reference's tracker (pkg/kubelet/util/pod_startup_latency_tracker.go), which
 * stands for the service level "Pod startup latency" of the scalability interest group.
 */
export const createPodStartLatency = (metrics: PodStartMetrics, options: { readonly clock?: Clock } = {}): PodStartLatency => {
  const { clock = systemClock } = options;
  /** Pods that have not started yet, and that could be scheduled from the beginning. */
  const starts = new Map<PodUid, Start>();
  const excluded = new Set<PodUid>();
  let hasSeenNetworkPod = false;

  const measure = (pod: Pod, start: Start): void => {
    const createdMs = timeOf(pod.metadata?.creationTimestamp);
    if (createdMs === undefined) return;
    const totalMs = clock.nowMs() - createdMs;
    metrics.totalDuration.observe(totalMs / 1000);
    if (isStateful(pod)) return;
    const sliSeconds = Math.max(0, totalMs - start.pulledMs - initMs(pod)) / 1000;
    metrics.sliDuration.observe(sliSeconds);
    if (hasSeenNetworkPod || isHostNetwork(pod)) return;
    hasSeenNetworkPod = true;
    metrics.firstNetworkPod.set(sliSeconds);
  };
  const exclude = (uid: PodUid): void => {
    starts.delete(uid);
    excluded.add(uid);
  };

  return {
    changed({ pod, status, previous }) {
      const seenMs = timeOf(pod.metadata?.annotations?.[CONFIG_ANNOTATIONS.seen]);
      // A pod of which this kubelet computed nothing before may run since long.
      if (status.phase !== "Running" || previous?.phase !== "Pending" || seenMs === undefined) return;
      metrics.startDuration.observe((clock.nowMs() - seenMs) / 1000);
    },
    observed(pod) {
      const { uid } = podRef(pod);
      if (isMirrorPod(pod) || excluded.has(uid)) return;
      const start = starts.get(uid);
      if (pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded") starts.delete(uid);
      else if (isUnschedulable(pod)) exclude(uid);
      else if (start === undefined) {
        if (pod.status?.startTime === undefined) starts.set(uid, { pulls: 0, pullingSinceMs: 0, pulledMs: 0, isWritten: false });
      } else if (start.isWritten && haveAllStarted(pod)) {
        measure(pod, start);
        exclude(uid);
      }
    },
    written(pod) {
      const start = starts.get(podRef(pod).uid);
      if (start !== undefined && haveAllStarted(pod)) start.isWritten = true;
    },
    pulling(uid) {
      const start = starts.get(uid);
      if (start === undefined) return () => undefined;
      if (start.pulls === 0) start.pullingSinceMs = clock.monotonicMs();
      start.pulls += 1;
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        start.pulls -= 1;
        if (start.pulls === 0) start.pulledMs += clock.monotonicMs() - start.pullingSinceMs;
      };
    },
    forget(uid) {
      starts.delete(uid);
      excluded.delete(uid);
    },
  };
};
