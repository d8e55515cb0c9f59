import type { JsonValue } from "./go-json.ts";

/** A key that one object has twice, of which the last counts. */
export interface DuplicateKey {
  readonly key: string;
  /** Of the second one; counts from 1. */
  readonly line: number;
}

/** Where a text stops being JSON; both count from 1. */
interface Place {
  readonly line: number;
  readonly column: number;
}

/** A text that does not end is one to the end of everything: looking for its end again from each quote within would take for ever. */
const LOOSE_TOKEN = /"(?:[^"\\]|\\[^])*"?|[{}[\],:]/g;
const BLANKS = /[ \t\r\n]*/y;
// oxlint-disable-next-line no-control-regex -- JSON forbids exactly these characters in a text
const TEXT = /"(?:[^"\\\u0000-\u001F]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/;
const TOKEN = new RegExp(`${TEXT.source}|${NUMBER.source}|true|false|null|[{}[\\],:]`, "y");

const placeOf = (text: string, index: number): Place => {
  const lines = text.slice(0, index).split("\n");
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
};

const unquote = (token: string): string => {
  try {
    return JSON.parse(token) as string;
  } catch {
    return token;
  }
};

/** The keys that stand twice in one object. */
export const findDuplicateKeys = (text: string): readonly DuplicateKey[] => {
  const duplicates: DuplicateKey[] = [];
  let line = 1;
  let counted = 0;
  const lineOf = (index: number): number => {
    for (; counted < index; counted += 1) if (text[counted] === "\n") line += 1;
    return line;
  };
  const objects: (Set<string> | undefined)[] = [];
  let lastText: { token: string; index: number } | undefined;
  for (const { 0: token, index } of text.matchAll(LOOSE_TOKEN)) {
    const first = token[0];
    if (first === "{") objects.push(new Set());
    else if (first === "[") objects.push(undefined);
    else if (first === "}" || first === "]") objects.pop();
    else if (first === ":" && lastText !== undefined) {
      const keys = objects.at(-1);
      const key = unquote(lastText.token);
      if (keys?.has(key)) duplicates.push({ key, line: lineOf(lastText.index) });
      keys?.add(key);
    }
    lastText = first === '"' ? { token, index } : undefined;
  }
  return duplicates;
};

/** What may come next; "first" items may also be the end of what they are in. */
type Expected = "value" | "first value" | "key" | "first key" | "colon" | "comma" | "nothing";

const match = (pattern: RegExp, text: string, index: number): string => {
  pattern.lastIndex = index;
  return pattern.exec(text)?.[0] ?? "";
};

/** What is expected after a token, undefined when it must not be there. Opens and closes what is on the stack. */
const advance = (expected: Expected, token: string, open: ("{" | "[")[]): Expected | undefined => {
  const afterValue = (): Expected => (open.length === 0 ? "nothing" : "comma");
  const closes = token === "}" ? "{" : token === "]" ? "[" : undefined;
  if (closes !== undefined) {
    const mayClose = expected === "comma" || (expected === "first key" && closes === "{") || (expected === "first value" && closes === "[");
    return mayClose && open.pop() === closes ? afterValue() : undefined;
  }
  if (token === ",") return expected !== "comma" ? undefined : open.at(-1) === "{" ? "key" : "value";
  if (token === ":") return expected === "colon" ? "value" : undefined;
  if (expected === "key" || expected === "first key") return token.startsWith('"') ? "colon" : undefined;
  if (expected !== "value" && expected !== "first value") return undefined;
  if (token !== "{" && token !== "[") return afterValue();
  open.push(token);
  return token === "{" ? "first key" : "first value";
};

/** The index at which a text is no JSON any more: the engine's own message would quote the text, which may hold secrets. */
const findSyntaxError = (text: string): number => {
  const open: ("{" | "[")[] = [];
  let expected: Expected = "value";
  let index = 0;
  for (;;) {
    index += match(BLANKS, text, index).length;
    const token = match(TOKEN, text, index);
    const next: Expected | undefined = token === "" ? undefined : advance(expected, token, open);
    if (next === undefined) return index;
    expected = next;
    index += token.length;
  }
};

/** The value of a JSON text, or the sentence that says why it has none, without a word of the text. */
export const parseJsonText = (text: string): { readonly value: JsonValue } | { readonly problem: string } => {
  try {
    return { value: JSON.parse(text) as JsonValue };
  } catch {
    if (text.trim() === "") return { problem: "it is empty" };
    const index = findSyntaxError(text);
    const { line, column } = placeOf(text, index);
    if (text.startsWith("//", index) || text.startsWith("/*", index))
      return { problem: `it has a comment in line ${line}, and JSON has no comments` };
    return { problem: `it is not JSON from line ${line}, column ${column} on` };
  }
};
