import { compareCri } from "./compare-cri.ts";
import { compareEvents } from "./compare-events.ts";
import { compareLogs } from "./compare-logs.ts";
import { compareStatuses } from "./compare-statuses.ts";
import type { Difference } from "./difference.ts";
import type { Observation } from "./observation.ts";
import { isRepeating } from "./traits.ts";
import type { Traits } from "./traits.ts";

/** All sections of a scenario compared. */
export interface Comparison {
  readonly differences: readonly Difference[];
  readonly notes: readonly string[];
}

/** Compares a run with the recording; both with their placeholders. */
export const compareObservations = (recorded: Observation, ours: Observation, traits: Traits): Comparison => {
  const isChance = traits.isChance ?? (() => false);
  const statuses = compareStatuses(recorded.statuses, ours.statuses, {
    isMidway: traits.isMidway ?? false,
    chanceStatus: traits.chanceStatus,
  });
  return {
    differences: [
      ...compareCri(recorded.calls, ours.calls),
      ...statuses.differences.filter(({ path }) => traits.chancePath?.test(path) !== true),
      ...compareEvents(recorded.events, ours.events, { isRepeating, isChance }),
      ...compareLogs(recorded.logs, ours.logs),
    ],
    notes: [...ours.overdue, ...statuses.notes],
  };
};
