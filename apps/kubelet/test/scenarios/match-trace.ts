/** How late a container may be told to stop. */
const MAX_LATE_SECONDS = 2;

/** A line's subject: lines of one come in their order whatever the others do. */
const subjectOf = (line: string): string => line.split(" ")[0] ?? "";

const partsOf = (group: string): readonly string[] => group.split(" | ");

const GRACE = / is told to stop within (\d+) s$/;

/**
 * Whether a line that was seen is the one that is expected. Of a grace period a busy machine may have used up a little more by the time that
 * the container is told; there is never more of it.
 */
export const isSameLine = (expected: string, seen: string): boolean => {
  if (expected === seen) return true;
  const [wanted, told] = [GRACE.exec(expected)?.[1], GRACE.exec(seen)?.[1]];
  if (wanted === undefined || told === undefined || subjectOf(expected) !== subjectOf(seen)) return false;
  return Number(told) <= Number(wanted) && Number(told) >= Math.max(2, Number(wanted) - MAX_LATE_SECONDS);
};

/**
 * Compares what happened with what a scenario says, and answers the first difference in words. Lines parted by ` | ` come in any order, and
 * where several such follow one another only the order of each container counts.
 */
export const findDifference = (
  expected: readonly string[],
  seen: readonly string[],
  options: { readonly mayGoOn: boolean },
): string | undefined => {
  let at = 0;
  let group = 0;
  while (group < expected.length) {
    const stretch: string[] = [];
    const isLoose = partsOf(expected[group] ?? "").length > 1;
    do stretch.push(...partsOf(expected[group++] ?? ""));
    while (isLoose && group < expected.length && partsOf(expected[group] ?? "").length > 1);
    while (stretch.length > 0) {
      const line = seen[at];
      const place = stretch.findIndex((one) => isSameLine(one, line ?? ""));
      const isFirstOfItsSubject = stretch.findIndex((one) => subjectOf(one) === subjectOf(line ?? "")) === place;
      if (line === undefined || place < 0 || !isFirstOfItsSubject) return `expected ${stretch.join(" | ")}, seen ${line ?? "nothing more"}`;
      stretch.splice(place, 1);
      at += 1;
    }
  }
  return at === seen.length || options.mayGoOn ? undefined : `expected nothing more, seen ${seen.slice(at).join(", ")}`;
};
