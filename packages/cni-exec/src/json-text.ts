import type { JsonValue } from "./go-json.ts";
import { messageOf } from "./errors.ts";

/** What is remarkable about a JSON text that the parsed value does not show. */
export interface JsonTextFacts {
  /** Keys that one object has twice, of which the last counts; with the line of the second one. */
  readonly duplicateKeys: readonly { readonly key: string; readonly line: number }[];
  /** The line of the first comment, if there is one: JSON has none. */
  readonly commentLine: number | undefined;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|[{}[\],:]/g;

const lineOf = (text: string, index: number): number => text.slice(0, index).split("\n").length;

const unquote = (token: string): string => {
  try {
    return JSON.parse(token) as string;
  } catch {
    return token;
  }
};

/** Looks at the tokens of a text, which need not be sound JSON. */
export const inspectJsonText = (text: string): JsonTextFacts => {
  const duplicateKeys: { key: string; line: number }[] = [];
  let commentLine: number | undefined;
  const objects: (Set<string> | undefined)[] = [];
  let lastText: { token: string; index: number } | undefined;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const first = token[0];
    if (first === "/") {
      commentLine ??= lineOf(text, index);
      continue;
    }
    if (first === "{") objects.push(new Set());
    else if (first === "[") objects.push(undefined);
    else if (first === "}" || first === "]") objects.pop();
    else if (first === ":" && lastText !== undefined) {
      const keys = objects.at(-1);
      const key = unquote(lastText.token);
      if (keys?.has(key)) duplicateKeys.push({ key, line: lineOf(text, lastText.index) });
      keys?.add(key);
    }
    lastText = first === '"' ? { token, index } : undefined;
  }
  return { duplicateKeys, commentLine };
};

/** The value of a JSON text, or the sentence that says why it has none. */
export const parseJsonText = (text: string): { readonly value: JsonValue } | { readonly problem: string } => {
  try {
    return { value: JSON.parse(text) as JsonValue };
  } catch (error) {
    const { commentLine } = inspectJsonText(text);
    if (text.trim() === "") return { problem: "it is empty" };
    if (commentLine !== undefined) return { problem: `it has a comment in line ${commentLine}, and JSON has no comments` };
    return { problem: `it is not JSON: ${messageOf(error)}` };
  }
};
