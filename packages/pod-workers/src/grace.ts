import type { Pod } from "@nk/pod-model";

/**
 * The grace period to stop a pod with, seconds, at least 1. It only ever shrinks: `current` is what is already under way (undefined
 * before the first). Follows the reference's calculateEffectiveGracePeriod (pkg/kubelet/pod_workers.go): the API's value and an
 * override each take effect when they are smaller; the spec's counts only when neither is given.
 */
export const computeGraceSeconds = (
  pod: Pod,
  { current, override }: { readonly current: number | undefined; readonly override?: number | undefined },
): number => {
  const given = [current, pod.metadata?.deletionGracePeriodSeconds, override].filter((seconds) => seconds !== undefined);
  const seconds = given.length > 0 ? Math.min(...given) : (pod.spec?.terminationGracePeriodSeconds ?? 30);
  return Math.max(1, seconds);
};
