/** Number of single-letter edits between two short texts. */
const editDistance = (a: string, b: string): number => {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
};

/** Longer texts are not compared: no field name is that long, and the work grows with the product of the lengths. */
const MAX_NAME_LENGTH = 64;

/** The candidate somebody most likely meant, ignoring case: at most two edits away, and fewer than half of the name's letters. */
export const closestName = (name: string, candidates: readonly string[]): string | undefined => {
  if (name.length > MAX_NAME_LENGTH) return undefined;
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= 2 && distance * 2 < name.length && (best === undefined || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
};
