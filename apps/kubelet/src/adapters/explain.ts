import type { PodUid } from "@nk/pod-model";
import type { PodStatusCache } from "@nk/pleg";
import { describeWaiting } from "@nk/pod-status";
import type { PodLoop } from "../compose/pods.ts";

const textOf = (error: unknown): string | undefined => {
  if (error === undefined) return undefined;
  return error instanceof Error ? error.message : "failed without an error";
};

const iso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString());

/** What the kubelet is doing with one pod, as data for people: state, what it waits for and since when, the last error, what comes next. */
export const explainPod = (uid: PodUid, parts: { readonly pods: PodLoop; readonly cache: PodStatusCache }): unknown => {
  const { pods, cache } = parts;
  const work = pods.workers.workState(uid);
  if (work === undefined) return undefined;
  const status = pods.statuses.get(uid);
  const health = cache.health(uid);
  return {
    pod: work.ref,
    state: work.state,
    since: iso(work.sinceMs),
    phase: status?.phase,
    waitsFor:
      work.state === "syncing" && work.waitingFor !== undefined ? work.waitingFor : status === undefined ? "" : describeWaiting(status),
    isPassRunning: work.isPassRunning,
    lastError: textOf(work.lastError),
    nextPassAt: iso(work.nextPassAtMs),
    runtime: health.state === "healthy" ? { readable: true } : { readable: false, since: iso(health.sinceMs), error: health.error.message },
    decisions: pods.workers.decisions(uid),
  };
};
