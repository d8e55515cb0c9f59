import type { AdmitResult, Node, Pod } from "@nk/pod-model";
import { computeNodeAdmission } from "@nk/pod-workers";
import type { PodAdmission } from "@nk/pod-workers";

/** Pods are judged by the node as it is known; by the API's own word where only its labels speak against one, as in the reference. */
export const admissionByNode = (parts: {
  readonly node: () => Node;
  /** Absent without an API server. */
  readonly readNode?: () => Promise<Node>;
  readonly allowedUnsafeSysctls: readonly string[];
  readonly isAppArmorEnabled: boolean;
}): PodAdmission => {
  const { allowedUnsafeSysctls, isAppArmorEnabled } = parts;
  const judge = (pod: Pod, others: readonly Pod[], node: Node): AdmitResult =>
    computeNodeAdmission({ pod, others, node, allowedUnsafeSysctls, isAppArmorEnabled });
  return {
    admit: (pod, others) => {
      const result = judge(pod, others, parts.node());
      if (result.admit || result.reason !== "NodeAffinity" || parts.readNode === undefined) return result;
      return parts.readNode().then(
        (node) => judge(pod, others, node),
        () => result,
      );
    },
  };
};
