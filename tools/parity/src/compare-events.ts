import type { RecordedEvent } from "@nk/tool-recordings";
import type { Difference } from "./difference.ts";

/** What makes two events the same one: all but how often. */
export const eventKey = ({ type, reason, message, fieldPath }: RecordedEvent): string =>
  `${type} ${reason}${fieldPath === undefined ? "" : ` ${fieldPath}`}: ${message}`;

const countByKey = (events: readonly RecordedEvent[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const event of events) counts.set(eventKey(event), (counts.get(eventKey(event)) ?? 0) + event.count);
  return counts;
};

/** What is chance about events. */
export interface EventChances {
  /** Comes again as long as the pod stays as it is: how often depends on when the recorder looked, so that its count is not compared. */
  isRepeating(event: RecordedEvent): boolean;
  /** Comes or not. */
  isChance(event: RecordedEvent): boolean;
}

/** Events as a set with counts. */
export const compareEvents = (
  recorded: readonly RecordedEvent[],
  ours: readonly RecordedEvent[],
  chances: EventChances,
): readonly Difference[] => {
  const [there, here] = [countByKey(recorded), countByKey(ours)];
  const all = [...recorded, ...ours];
  const repeating = new Set(all.filter((event) => chances.isRepeating(event)).map(eventKey));
  const chance = new Set(all.filter((event) => chances.isChance(event)).map(eventKey));
  return [...new Set([...there.keys(), ...here.keys()])].flatMap((key): readonly Difference[] => {
    const [a, b] = [there.get(key), here.get(key)];
    if (a === b || chance.has(key) || (a !== undefined && b !== undefined && repeating.has(key))) return [];
    return [{ section: "events", path: key, recorded: a, ours: b }];
  });
};
