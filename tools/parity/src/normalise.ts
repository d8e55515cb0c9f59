import type { Json } from "@nk/tool-recordings";

type JsonObject = { readonly [key: string]: Json };

/** Texts of this run and the placeholders that the recordings have for them, applied in order. */
export type Words = readonly (readonly [text: string, placeholder: string])[];

/** RFC 3339 as the API and the runtime write it. */
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/gu;

/** What is done to texts: the words of a run, and rules for both sides. */
export interface Normaliser {
  readonly words: Words;
  /** Expressions with the flag `g`, e.g. for what tells of the machine. */
  readonly rules: readonly (readonly [pattern: RegExp, replacement: string])[];
}

/** Replaces what differs in every run: names of this run by `words`, times, digests and random suffixes by their form. */
export const normaliseText = (text: string, { words, rules }: Normaliser): string => {
  let result = text;
  for (const [from, to] of words) if (from !== "") result = result.replaceAll(from, to);
  for (const [pattern, replacement] of rules) result = result.replaceAll(pattern, replacement);
  return result
    .replaceAll(/sha256:[0-9a-f]{64}/gu, "sha256:<digest>")
    .replaceAll(TIME, "<time>")
    .replaceAll(/(\/containers\/[^/]+\/)[0-9a-f]{8}(?![\w-])/gu, "$1<8 hex>")
    .replaceAll(/(kube-api-access-)[a-z0-9]{5}(?![\w-])/gu, "$1<rand>");
};

/** Sorts what comes out of a map of the reference, and drops what only tells of the machine. */
const canonicalField = (key: string, value: Json): Json | undefined => {
  if (key === "kubernetes.io/config.seen") return "<time>";
  if (!Array.isArray(value)) return value;
  if (key === "envs" || key === "options") return value.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  // Which page sizes there are is the machine's business, unless a limit is set for one.
  if (key === "hugepage_limits") {
    const limits = value.filter((limit: Json) => typeof limit === "object" && "limit" in limit);
    return limits.length === 0 ? undefined : limits;
  }
  return value;
};

/** What elements of an unordered list are sorted by: environment variables by name, resolver options by themselves. */
const keyOf = (value: Json): string => (typeof value === "string" ? value : JSON.stringify((value as JsonObject)["key"] ?? ""));

/** {@link normaliseText} for every text in a value; keys too. Null, which the API writes for an absent time, is dropped. */
export const normaliseJson = (value: Json, normaliser: Normaliser): Json => {
  if (typeof value === "string") return normaliseText(value, normaliser);
  if (Array.isArray(value)) return value.map((element: Json) => normaliseJson(element, normaliser));
  if (typeof value !== "object") return value;
  const entries = Object.entries(value as { readonly [key: string]: Json | null | undefined }).flatMap(
    ([key, element]): readonly (readonly [string, Json])[] => {
      if (element === null || element === undefined) return [];
      const canonical = canonicalField(key, element);
      return canonical === undefined ? [] : [[normaliseText(key, normaliser), normaliseJson(canonical, normaliser)]];
    },
  );
  return Object.fromEntries(entries);
};
