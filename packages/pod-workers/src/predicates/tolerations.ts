import type { Pod, Taint, Toleration } from "@nk/pod-model";

const tolerates = (toleration: Toleration, taint: Taint): boolean => {
  if (toleration.effect !== undefined && toleration.effect !== "" && toleration.effect !== taint.effect) return false;
  if (toleration.key !== undefined && toleration.key !== "" && toleration.key !== taint.key) return false;
  switch (toleration.operator ?? "Equal") {
    case "Exists":
      return true;
    case "":
    case "Equal":
      return (toleration.value ?? "") === (taint.value ?? "");
    default:
      return false;
  }
};

/** Whether one of the taints with this effect is not tolerated (k8s.io/component-helpers FindMatchingUntoleratedTaint). */
export const hasUntoleratedTaint = (pod: Pod, taints: readonly Taint[], effect: Taint["effect"]): boolean =>
  taints.some((taint) => taint.effect === effect && !(pod.spec?.tolerations ?? []).some((toleration) => tolerates(toleration, taint)));
