/** A run of characters, or one. */
type Token = "run" | ((character: string) => boolean);

const isOneOf = (set: string): ((character: string) => boolean) | undefined => {
  try {
    const pattern = new RegExp(`^${set.replace(/\\/g, "\\\\")}$`);
    return (character) => pattern.test(character);
  } catch {
    return undefined;
  }
};

/** Undefined when a set makes no sense, or when it can match nothing that is not longer than `limit`. */
const parseGlob = (glob: string, limit: number): readonly Token[] | undefined => {
  const tokens: Token[] = [];
  let ones = 0;
  for (let index = 0; index < glob.length;) {
    const character = glob.charAt(index);
    if (character === "*") {
      if (tokens.at(-1) !== "run") tokens.push("run");
      index += 1;
      continue;
    }
    ones += 1;
    if (ones > limit) return undefined;
    const set = character === "[" ? (/^\[\^?[^\]]+\]/.exec(glob.slice(index))?.[0] ?? "") : "";
    const isOne = set !== "" ? isOneOf(set) : character === "?" ? () => true : (other: string) => other === character;
    if (isOne === undefined) return undefined;
    tokens.push(isOne);
    index += set.length || 1;
  }
  return tokens;
};

/**
 * One label of a host name against one glob: `*`, `?` and `[a-z]`, as Go's path.Match. The glob comes out of a pod's pull secret, so its
 * author must not be able to choose how long this takes: at most the square of the label's length, where a regular expression with many
 * stars would go on for days.
 */
export const isGlobMatch = (glob: string, label: string): boolean => {
  if (!/[*?[]/.test(glob)) return glob === label;
  const tokens = parseGlob(glob, label.length);
  if (tokens === undefined) return false;
  let at = 0;
  let next = 0;
  // Where the last run was, and up to where it reaches so far: only that one ever has to take more.
  let run: { readonly next: number; at: number } | undefined;
  while (at < label.length) {
    const token = tokens[next];
    if (token === "run") {
      next += 1;
      run = { next, at };
    } else if (token?.(label.charAt(at)) === true) {
      at += 1;
      next += 1;
    } else if (run !== undefined) {
      run.at += 1;
      ({ at, next } = run);
    } else {
      return false;
    }
  }
  return tokens.slice(next).every((token) => token === "run");
};
