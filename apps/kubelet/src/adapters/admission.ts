import { podRef } from "@nk/pod-model";
import { createNodeAdmission } from "@nk/pod-workers";
import type { NodeAdmissionOptions, NodeAdmissionPorts, PodAdmission } from "@nk/pod-workers";
import type { StartTimelines } from "@nk/pod-status";
import { raceSignal, withDeadline } from "@nk/stdx";
import type { Clock } from "@nk/stdx";

/** A rejection is for good, so it is not said before the runtime has spoken; nor may one that is silent hold up the other pods. */
const TRAITS_WAIT_MS = 5_000;

const untilKnown = async (traitsKnown: Promise<void>, clock: Clock): Promise<void> => {
  using deadline = withDeadline({ timeoutMs: TRAITS_WAIT_MS, clock, what: "learning what the runtime can do" });
  await raceSignal(traitsKnown, deadline.signal).catch(() => {});
};

/** Pods are judged by the node, as soon as it is known what its runtime can do, if that matters. */
export const admissionByNode = (
  parts: NodeAdmissionPorts & {
    /** Resolves when it is known what the runtime can do. */
    readonly traitsKnown: Promise<void>;
    readonly clock: Clock;
  },
  options: NodeAdmissionOptions,
): PodAdmission =>
  createNodeAdmission({ ...parts, platformKnown: () => untilKnown(parts.traitsKnown, parts.clock) }, { clock: parts.clock, ...options });

/** The same admission, whose beginning and end stand in the pods' timelines; a resize is no part of a start. */
export const timedAdmission = (admission: PodAdmission, timelines: StartTimelines): PodAdmission => ({
  admit: async (pod, others, context) => {
    if (context.allocated !== undefined) return admission.admit(pod, others, context);
    const { uid } = podRef(pod);
    timelines.mark(uid, { name: "admit", isEnded: false });
    try {
      return await admission.admit(pod, others, context);
    } finally {
      timelines.mark(uid, { name: "admit", isEnded: true });
    }
  },
});
