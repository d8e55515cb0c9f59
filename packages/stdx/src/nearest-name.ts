/** How many letters must be added, taken away or changed to turn one name into the other (Levenshtein). */
const countEdits = (from: string, to: string): number => {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const change = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(change, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
};

/** No name that was meant for one of ours is longer; keeps the work small for hostile input. */
const LONGEST_NAME = 100;

/**
 * The candidate a mistyped name was most likely meant to be: equal but for case, or few edits away (at most 2, or a quarter of a long name,
 * and fewer than half of its letters); undefined when none is near. For messages like "did you mean".
 */
export const nearestName = (name: string, candidates: Iterable<string>): string | undefined => {
  if (name.length > LONGEST_NAME) return undefined;
  const wanted = name.toLowerCase();
  let best: { readonly candidate: string; readonly edits: number } | undefined;
  for (const candidate of candidates) {
    const edits = countEdits(wanted, candidate.toLowerCase());
    if (best === undefined || edits < best.edits) best = { candidate, edits };
  }
  const isNear = best !== undefined && best.edits <= Math.max(2, Math.floor(wanted.length / 4)) && best.edits * 2 < wanted.length;
  return isNear ? best?.candidate : undefined;
};
