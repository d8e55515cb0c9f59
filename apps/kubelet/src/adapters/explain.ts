import type { ExplainPort } from "@nk/kubelet-api";
import type { PodUid } from "@nk/pod-model";
import type { PodStatusCache } from "@nk/pleg";
import { computePodExplanation } from "@nk/pod-status";
import type { PodExplanation } from "@nk/pod-status";
import type { PodLoop } from "../compose/pods.ts";

interface ExplainParts {
  readonly pods: PodLoop;
  readonly cache: PodStatusCache;
}

/** What the kubelet is doing with one pod, as data for people: what it waits for and since when, the last error, what comes next. */
export const explainPod = (uid: PodUid, { pods, cache }: ExplainParts): PodExplanation | undefined => {
  const work = pods.workers.workState(uid);
  if (work === undefined) return undefined;
  const health = cache.health(uid);
  return computePodExplanation({
    work,
    status: pods.statuses.get(uid),
    ...(health.state === "healthy" ? {} : { unreadable: { sinceMs: health.sinceMs, message: health.error.message } }),
    steps: pods.timelines.list(uid),
    decisions: pods.workers.decisions(uid),
  });
};

/** Explanations for the kubelet's API. A name is that of the newest pod that has it; one on its way down counts. */
export const explanations = (parts: ExplainParts): ExplainPort => ({
  explainPod: (uid) => explainPod(uid, parts),
  findUid: (namespace, name) => {
    const named = parts.pods.workers.list().filter(({ ref }) => ref.namespace === namespace && ref.name === name);
    return named.toSorted((a, b) => b.sinceMs - a.sinceMs)[0]?.ref.uid;
  },
});
