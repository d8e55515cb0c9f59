import { parseTimestamp } from "@nk/pod-model";
import type { PodStatus } from "@nk/pod-model";
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

/** Since when a pod has been active, epoch ms; undefined for one that has not been yet, or that has ended: its deadline says nothing of it. */
export const activeSinceMs = ({ phase, startTime }: PodStatus): number | undefined =>
  startTime === undefined || phase === "Succeeded" || phase === "Failed" ? undefined : parseTimestamp(startTime);
