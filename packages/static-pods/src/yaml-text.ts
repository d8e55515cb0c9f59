import type { FieldPath } from "@nk/pod-model";
import { Composer, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, Parser, visit } from "yaml";
import type { CST, Document, DocumentOptions, ParsedNode, ParseOptions, SchemaOptions, YAMLMap } from "yaml";

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
  /** There are more documents than were allowed, and none is given. */
  readonly areTooMany?: boolean;
}

/** The parser holds the whole program up: on a slow node it needs about a second for this much, and no pod is a tenth as long. */
const MAX_YAML_LENGTH = 256 * 1024;
/** From here on JSON is read by the engine's own parser, which is a hundred times faster but knows no lines. */
const LARGE_JSON_LENGTH = 64 * 1024;
/** Of one anchor, weighed by what it expands to. */
const MAX_ALIASES = 100;
/** Of all anchors of a document: each is looked for in the whole of it. */
const MAX_ALIASES_TOTAL = 1000;
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
  // The parser compares each key with all before it, which takes 50 s for 256 KiB of keys; see findDuplicateKeys.
  uniqueKeys: false,
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

/** A document's tokens as they come, until it is plain that the text won't be used. */
interface TokenLimits {
  readonly maxDocuments: number;
  readonly onTooMany: () => void;
}

const limitTokens = function* (tokens: Iterable<CST.Token>, limits: TokenLimits): Generator<CST.Token> {
  let documents = 0;
  let errors = 0;
  for (const token of tokens) {
    if (token.type === "document") documents += 1;
    if (token.type === "error") errors += 1;
    if (documents > limits.maxDocuments) {
      limits.onTooMany();
      return;
    }
    if (errors > MAX_PROBLEMS) return;
    yield token;
  }
};

/** Keys that stand twice in one mapping, as the text they are in JSON: `1` and `"1"` are one. A merge key's value is a symbol of its own. */
const findDuplicateKeys = (map: YAMLMap, onDuplicate: (offset: number) => void): void => {
  const seen = new Set<string | symbol>();
  for (const { key } of map.items) {
    if (!isScalar(key)) continue;
    const name = typeof key.value === "symbol" ? key.value : String(key.value);
    if (seen.has(name)) onDuplicate(startOf(key) ?? 0);
    seen.add(name);
  }
};

/** What the parser lets pass and we don't: offset and message of each. */
const findFaults = (document: Document.Parsed<ParsedNode>): readonly (readonly [number, string])[] => {
  const faults: (readonly [number, string])[] = [];
  let aliases = 0;
  visit(document, {
    Map: (_key, map) => {
      findDuplicateKeys(map, (offset) => faults.push([offset, "Map keys must be unique"]));
      return faults.length >= MAX_PROBLEMS ? visit.BREAK : undefined;
    },
    Alias: (_key, alias) => {
      aliases += 1;
      if (aliases <= MAX_ALIASES_TOTAL) return undefined;
      faults.push([startOf(alias) ?? 0, `more than ${MAX_ALIASES_TOTAL} aliases`]);
      return visit.BREAK;
    },
  });
  return faults;
};

const parseYaml = (text: string, maxDocuments: number): ParsedText => {
  const lines = new LineCounter();
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const documents: TextDocument[] = [];
  const problems: TextProblem[] = [];
  const report = (offset: number, message: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push({ line: lineAt(offset), message: `parse YAML: ${message}` });
  };
  let areTooMany = false;
  const tokens = limitTokens(new Parser(lines.addNewLine).parse(text), { maxDocuments, onTooMany: () => (areTooMany = true) });
  const composer = new Composer<ParsedNode, true>({ ...YAML_OPTIONS });
  for (const document of composer.compose(tokens)) {
    // A warning is a tag that says nothing to us: better refused than read as something else.
    const complaints = [...document.errors, ...document.warnings];
    for (const { message, pos } of complaints.slice(0, MAX_PROBLEMS)) report(pos[0], message);
    if (complaints.length > 0) continue;
    try {
      const faults = findFaults(document);
      for (const [offset, message] of faults) report(offset, message);
      if (faults.length > 0) continue;
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
      if (value !== null && value !== undefined) documents.push({ value, lineOf: (segments) => lineAt(offsetOf(document, segments)) });
    } catch (error) {
      report(document.range[0], error instanceof Error ? error.message : String(error));
    }
  }
  // Of a text in which no document begins.
  for (const { message, pos } of composer.streamInfo().errors.slice(0, MAX_PROBLEMS)) report(pos[0], message);
  return areTooMany ? { documents: [], problems: [], areTooMany } : { documents, problems };
};

const parseLargeJson = (text: string): ParsedText | undefined => {
  try {
    return { documents: [{ value: JSON.parse(text) as unknown, lineOf: () => 1 }], problems: [] };
  } catch {
    return undefined;
  }
};

/** Reads YAML, multi-document YAML or JSON (which is YAML), at most so many documents, empty ones included. Never throws. */
export const parseText = (text: string, maxDocuments: number): ParsedText => {
  if (text.length > LARGE_JSON_LENGTH && /^\s*\{/u.test(text)) {
    const json = parseLargeJson(text);
    if (json !== undefined) return json;
  }
  if (text.length > MAX_YAML_LENGTH) {
    const message = `parse YAML: longer than ${MAX_YAML_LENGTH} characters; split it up, or write it as one JSON object`;
    return { documents: [], problems: [{ line: 1, message }] };
  }
  return parseYaml(text, maxDocuments);
};
