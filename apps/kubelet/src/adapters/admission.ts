import { podRef } from "@nk/pod-model";
import type { AdmitResult, Node, Pod } from "@nk/pod-model";
import { computeNodeAdmission } from "@nk/pod-workers";
import type { PodAdmission } from "@nk/pod-workers";
import type { StartTimelines } from "@nk/pod-status";

/** Pods are judged by the node as it is known; by the API's own word where only its labels speak against one, as in the reference. */
export const admissionByNode = (parts: {
  readonly node: () => Node;
  /** Absent without an API server. */
  readonly readNode?: () => Promise<Node>;
}): PodAdmission => {
  const judge = (pod: Pod, others: readonly Pod[], node: Node): AdmitResult =>
    computeNodeAdmission({ pod, others, node, allowedUnsafeSysctls: [] });
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

/** The same admission, whose beginning and end stand in the pods' timelines. */
export const timedAdmission = (admission: PodAdmission, timelines: StartTimelines): PodAdmission => ({
  admit: async (pod, others) => {
    const { uid } = podRef(pod);
    timelines.mark(uid, { name: "admit", isEnded: false });
    try {
      return await admission.admit(pod, others);
    } finally {
      timelines.mark(uid, { name: "admit", isEnded: true });
    }
  },
});
