import { parseGoDuration } from "@nk/stdx";
import type { ValueKind } from "./field.ts";
import { isJsonObject } from "./json-value.ts";
import type { JsonValue } from "./json-value.ts";

const TRUE_WORDS = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE_WORDS = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** Go's strconv.ParseBool. */
const parseBool = (text: string): boolean => {
  if (TRUE_WORDS.has(text)) return true;
  if (FALSE_WORDS.has(text)) return false;
  throw new Error("it is neither true nor false");
};

const parseInteger = (text: string): number => {
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(Number(text))) throw new Error("it is not an integer");
  return Number(text);
};

const parseFloatingPoint = (text: string): number => {
  if (text.trim() === "" || !Number.isFinite(Number(text))) throw new Error("it is not a number");
  return Number(text);
};

const parsePairs = (text: string, separator: RegExp): [string, string][] =>
  text
    .split(",")
    .filter((pair) => pair.trim() !== "")
    .map((pair) => {
      const match = separator.exec(pair);
      if (match === null) throw new Error("it must be a list of key and value pairs");
      return [pair.slice(0, match.index).trim(), pair.slice(match.index + match[0].length).trim()];
    });

const parseHeaders = (text: string): JsonValue => {
  const headers = new Map<string, string[]>();
  for (const [name, value] of parsePairs(text, /:/)) headers.set(name, [...(headers.get(name) ?? []), value]);
  return Object.fromEntries(headers);
};

/** Reads a flag's text as its kind. Throws an Error with the bare reason. The text itself is never part of it: it may be a secret. */
export const parseFlagValue = (kind: ValueKind, text: string): JsonValue => {
  switch (kind) {
    case "string":
    case "quantity":
    case "any":
      return text;
    case "bool":
      return parseBool(text);
    case "int":
      return parseInteger(text);
    case "float":
      return parseFloatingPoint(text);
    case "duration":
      parseGoDuration(text);
      return text;
    case "strings":
      return text === "" ? [] : text.split(",").map((item) => item.trim());
    case "stringMap":
      // Thresholds of eviction are written with "<".
      return Object.fromEntries(parsePairs(text, /[=<]/));
    case "boolMap":
      return Object.fromEntries(parsePairs(text, /=/).map(([key, value]) => [key, parseBool(value)]));
    case "stringListMap":
      return parseHeaders(text);
  }
};

/** What a flag given again makes of its value so far: lists and maps grow, so do lists in maps, everything else is replaced. */
export const combineFlagValues = (previous: JsonValue | undefined, next: JsonValue): JsonValue => {
  if (Array.isArray(previous) && Array.isArray(next)) return [...(previous as readonly JsonValue[]), ...(next as readonly JsonValue[])];
  if (!isJsonObject(previous) || !isJsonObject(next)) return next;
  const combined = new Map(Object.entries(previous));
  for (const [key, value] of Object.entries(next)) combined.set(key, combineFlagValues(combined.get(key), value));
  return Object.fromEntries(combined);
};
