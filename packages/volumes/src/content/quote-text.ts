const SHORT_ESCAPES: { readonly [character: string]: string } = {
  "\x07": String.raw`\a`,
  "\b": String.raw`\b`,
  "\f": String.raw`\f`,
  "\n": String.raw`\n`,
  "\r": String.raw`\r`,
  "\t": String.raw`\t`,
  "\v": String.raw`\v`,
  "\\": String.raw`\\`,
  '"': String.raw`\"`,
};

/** What Go prints as it is: letters, marks, numbers, punctuation, symbols and the blank (unicode.IsPrint). */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

const quoteCharacter = (character: string): string => {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  if (PRINTABLE.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return String.raw`\x` + hex(code, 2);
  // Half a surrogate pair is no text; Go would have replaced it when it read the object.
  if (code >= 0xd800 && code <= 0xdfff) return "\ufffd";
  return code > 0xffff ? String.raw`\U` + hex(code, 8) : String.raw`\u` + hex(code, 4);
};

/** A text in double quotes with Go's escapes (strconv.Quote): the form of labels and annotations in downward API files. */
export const quoteText = (text: string): string => `"${Array.from(text, quoteCharacter).join("")}"`;
