import { formatTimestamp } from "@nk/pod-model";
import type { PodCondition } from "@nk/pod-model";
import type { ResizeStanding } from "./input.ts";

const condition = (
  type: "PodResizePending" | "PodResizeInProgress",
  told: {
    readonly reason: string;
    readonly message: string;
    readonly generation: number;
    readonly sinceMs: number;
    readonly probedAtMs: number;
  },
): PodCondition => ({
  type,
  status: "True",
  ...(told.generation === 0 ? {} : { observedGeneration: told.generation }),
  lastProbeTime: formatTimestamp(told.probedAtMs),
  lastTransitionTime: formatTimestamp(told.sinceMs),
  ...(told.reason === "" ? {} : { reason: told.reason }),
  ...(told.message === "" ? {} : { message: told.message }),
});

/** What the status says of a resize, in the reference's order and words; nothing when there is none. */
export const computeResizeConditions = ({ pending, inProgress }: ResizeStanding = {}): readonly PodCondition[] => [
  ...(pending === undefined ? [] : [condition("PodResizePending", { ...pending, probedAtMs: pending.judgedAtMs })]),
  ...(inProgress === undefined
    ? []
    : [
        condition("PodResizeInProgress", {
          ...inProgress,
          probedAtMs: inProgress.sinceMs,
          reason: inProgress.error === undefined ? "" : "Error",
          message: inProgress.error ?? "",
        }),
      ]),
];
