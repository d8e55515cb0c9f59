import type { RandomSource } from "@nk/stdx";

/** Without vowels and what looks alike: no words, no doubt (apimachinery, pkg/util/rand). */
const LETTERS = "bcdfghjklmnpqrstvwxz2456789";

/** Letters in a {@link randomSuffix}. */
export const SUFFIX_LENGTH = 5;

/** Five random letters, as generated names end in. */
export const randomSuffix = (random: RandomSource): string => {
  let suffix = "";
  for (let left = SUFFIX_LENGTH; left > 0; left -= 1) suffix += LETTERS.charAt(Math.floor(random() * LETTERS.length));
  return suffix;
};
