import { podRef } from "@nk/pod-model";
import type { AdmitResult, Node, Pod } from "@nk/pod-model";
import { computeNodeAdmission } from "@nk/pod-workers";
import type { PodAdmission } from "@nk/pod-workers";
import type { StartTimelines } from "@nk/pod-status";
import { raceSignal, withDeadline } from "@nk/stdx";
import type { Clock } from "@nk/stdx";

/** A rejection is for good, so it is not said before the runtime has spoken; nor may one that is silent hold up the other pods. */
const TRAITS_WAIT_MS = 5_000;

const untilKnown = async (traitsKnown: Promise<void>, clock: Clock): Promise<void> => {
  using deadline = withDeadline({ timeoutMs: TRAITS_WAIT_MS, clock, what: "learning what the runtime can do" });
  await raceSignal(traitsKnown, deadline.signal).catch(() => {});
};

/** Pods are judged by the node as it is known; by the API's own word where only its labels speak against one, as in the reference. */
export const admissionByNode = (parts: {
  readonly node: () => Node;
  /** Absent without an API server. */
  readonly readNode?: () => Promise<Node>;
  readonly allowedUnsafeSysctls: readonly string[];
  readonly isAppArmorEnabled: boolean;
  /** Resolves when it is known what the runtime can do. */
  readonly traitsKnown: Promise<void>;
  readonly clock: Clock;
}): PodAdmission => {
  const { allowedUnsafeSysctls, isAppArmorEnabled, traitsKnown, clock } = parts;
  const judge = (pod: Pod, others: readonly Pod[], node: Node): AdmitResult =>
    computeNodeAdmission({ pod, others, node, allowedUnsafeSysctls, isAppArmorEnabled });
  return {
    admit: (pod, others) => {
      const result = judge(pod, others, parts.node());
      if (!result.admit && result.reason === "SupplementalGroupsPolicyNotSupported")
        return untilKnown(traitsKnown, clock).then(() => judge(pod, others, parts.node()));
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
