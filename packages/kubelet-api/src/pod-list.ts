import type { Pod } from "@nk/pod-model";

/** The Go form of a PodList: Go always writes some fields that are absent from our objects, and tools read them as null. */
export const renderPodList = (pods: readonly Pod[]): string =>
  JSON.stringify({ kind: "PodList", apiVersion: "v1", metadata: {}, items: pods.map(renderPod) });

const renderPod = (pod: Pod): unknown => {
  const { apiVersion: _apiVersion, kind: _kind, status, ...rest } = pod;
  if (status?.conditions === undefined) return { ...rest, status: status ?? {} };
  const conditions = status.conditions.map((condition) => ({ ...condition, lastProbeTime: condition.lastProbeTime ?? null }));
  return { ...rest, status: { ...status, conditions } };
};
