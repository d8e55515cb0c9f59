import type { FieldPath } from "@nk/pod-model";
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseAllDocuments } from "yaml";
import type { Document, DocumentOptions, ParsedNode, ParseOptions, SchemaOptions } from "yaml";

/** One document of a text, and where in the text its fields stand. */
export interface TextDocument {
  readonly value: unknown;
  /** 1-based line of the field, or of its nearest ancestor that is in the text. */
  readonly lineOf: (segments: FieldPath) => number;
}

export interface TextProblem {
  readonly line: number;
  readonly message: string;
}

export interface ParsedText {
  /** In order; empty documents are left out. Not to be used when there are problems. */
  readonly documents: readonly TextDocument[];
  readonly problems: readonly TextProblem[];
}

/** Longer YAML takes seconds to parse and hundreds of MB; the API server would not store so big an object either. */
const MAX_YAML_LENGTH = 1024 * 1024;
/** From here on JSON is read by the engine's own parser, which is a hundred times faster but knows no lines. */
const LARGE_JSON_LENGTH = 64 * 1024;
const MAX_ALIASES = 100;
const MAX_PROBLEMS = 20;

const TAGS_LEFT_OUT: ReadonlySet<string> = new Set(
  ["timestamp", "binary", "omap", "pairs", "set"].map((name) => `tag:yaml.org,2002:${name}`),
);

/**
 * As the reference's parser reads YAML: 1.1 scalars (`yes` is a boolean, 0644 is octal), but no dates and no base-60 numbers. Integers
 * come as bigint, so that none loses digits unnoticed.
 */
const YAML_OPTIONS: ParseOptions & DocumentOptions & SchemaOptions = {
  version: "1.1",
  intAsBigInt: true,
  prettyErrors: false,
  logLevel: "error",
  customTags: (tags) =>
    tags.filter((tag) => typeof tag === "string" || (!TAGS_LEFT_OUT.has(tag.tag) && !("format" in tag && tag.format === "TIME"))),
};

const pairWithKey = (node: unknown, name: string | number): { readonly key: unknown; readonly value: unknown } | undefined => {
  if (isMap(node)) return node.items.find((pair) => isPair(pair) && isScalar(pair.key) && String(pair.key.value) === String(name));
  if (isSeq(node) && typeof name === "number" && name < node.items.length) return { key: node.items[name], value: node.items[name] };
  return undefined;
};

const startOf = (node: unknown): number | undefined => {
  const range =
    typeof node === "object" && node !== null && "range" in node ? (node.range as readonly number[] | null | undefined) : undefined;
  return range?.[0];
};

const offsetOf = (document: Document.Parsed<ParsedNode>, segments: FieldPath): number => {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? document.range[0];
  for (const segment of segments) {
    if (isAlias(node)) node = node.resolve(document);
    const pair = pairWithKey(node, segment);
    if (pair === undefined) return offset;
    offset = startOf(pair.key) ?? offset;
    node = pair.value;
  }
  return offset;
};

const parseYaml = (text: string): ParsedText => {
  const lines = new LineCounter();
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const documents: TextDocument[] = [];
  const problems: TextProblem[] = [];
  const parsed = parseAllDocuments<ParsedNode, true>(text, { ...YAML_OPTIONS, lineCounter: lines });
  // With no document at all the answer is an empty list with errors of its own.
  const list: readonly Document.Parsed<ParsedNode>[] = Array.isArray(parsed) ? parsed : [];
  for (const document of list) {
    // A warning is a tag that says nothing to us: better refused than read as something else.
    const complaints = [...document.errors, ...document.warnings];
    for (const { message, pos } of complaints) problems.push({ line: lineAt(pos[0]), message: `parse YAML: ${message}` });
    if (complaints.length > 0) continue;
    try {
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
      if (value !== null && value !== undefined) documents.push({ value, lineOf: (segments) => lineAt(offsetOf(document, segments)) });
    } catch (error) {
      problems.push({ line: lineAt(document.range[0]), message: `parse YAML: ${error instanceof Error ? error.message : String(error)}` });
    }
  }
  return { documents, problems: problems.slice(0, MAX_PROBLEMS) };
};

const parseLargeJson = (text: string): ParsedText | undefined => {
  try {
    return { documents: [{ value: JSON.parse(text) as unknown, lineOf: () => 1 }], problems: [] };
  } catch {
    return undefined;
  }
};

/** Reads YAML, multi-document YAML or JSON (which is YAML). Never throws. */
export const parseText = (text: string): ParsedText => {
  if (text.length > LARGE_JSON_LENGTH && /^\s*\{/u.test(text)) {
    const json = parseLargeJson(text);
    if (json !== undefined) return json;
  }
  if (text.length > MAX_YAML_LENGTH) {
    return { documents: [], problems: [{ line: 1, message: `parse YAML: longer than ${MAX_YAML_LENGTH} characters` }] };
  }
  return parseYaml(text);
};
