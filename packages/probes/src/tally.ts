import type { ProbeResult, ProbeType } from "./results.ts";
import type { ProbeSchedule } from "./spec.ts";

/** How often in a row a probe has found the same. */
export interface Tally {
  readonly last: "success" | "failure" | undefined;
  readonly run: number;
}

export interface TallyStep {
  readonly tally: Tally;
  /** The container's new result; undefined while the threshold is not reached. */
  readonly result?: ProbeResult;
  /** Whether to stop until there is a new container: it will be restarted, or it has started. */
  readonly isOver: boolean;
}

export const EMPTY_TALLY: Tally = { last: undefined, run: 0 };

/** Counts one finding (reference: pkg/kubelet/prober/worker.go). */
export const computeTally = (
  tally: Tally,
  found: "success" | "failure",
  { probeType, schedule }: { readonly probeType: ProbeType; readonly schedule: ProbeSchedule },
): TallyStep => {
  const run = tally.last === found ? tally.run + 1 : 1;
  const next: Tally = { last: found, run };
  const threshold = found === "success" ? schedule.successThreshold : schedule.failureThreshold;
  if (run < threshold) return { tally: next, isOver: false };
  const isOver = probeType === "startup" || (probeType === "liveness" && found === "failure");
  return { tally: isOver ? EMPTY_TALLY : next, result: found, isOver };
};

/** What holds before the first result: live, not ready, not known to have started. */
export const initialResult = (probeType: ProbeType): ProbeResult => {
  switch (probeType) {
    case "liveness":
      return "success";
    case "readiness":
      return "failure";
    case "startup":
      return "unknown";
  }
};
