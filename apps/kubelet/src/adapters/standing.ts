import type { PodStanding } from "@nk/pod-status";
import type { PodWork } from "@nk/pod-workers";

/** What a pod's worker is at, as the status computation wants to know it. */
export const standingOf = (work: PodWork): PodStanding => {
  const stoppedForGood = work.state === "terminated" || work.state === "finished";
  if (work.state === "syncing") return { stoppedForGood, ...(work.resize === undefined ? {} : { resize: work.resize }) };
  if (work.cause.type !== "killed") return { stoppedForGood };
  const { reason, message, conditions } = work.cause.kill;
  return { stoppedForGood, override: { phase: "Failed", reason, message, ...(conditions === undefined ? {} : { conditions }) } };
};
