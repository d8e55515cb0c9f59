import { isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Document, ParsedNode } from "yaml";
import { KubeClientError } from "../errors.ts";

/** Steps into a document: names of fields and indexes of lists. */
export type FieldPath = readonly (string | number)[];

/** What a text says, and where. */
export interface TextDocument {
  readonly value: unknown;
  /** 1-based line of the field, or of its nearest ancestor that is in the text; undefined when there was no text. */
  readonly lineOf: (path: FieldPath) => number | undefined;
}

const MAX_ALIASES = 100;

const lineFinder = (document: Document.Parsed<ParsedNode>, lines: LineCounter): TextDocument["lineOf"] => {
  const lineAt = (offset: number | undefined): number => (offset === undefined ? 1 : Math.max(1, lines.linePos(offset).line));
  return (path) => {
    let node: unknown = document.contents;
    let offset: number | undefined;
    for (const step of path) {
      if (isSeq(node) && typeof step === "number") {
        node = node.items[step];
      } else if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && item.key.value === step);
        if (pair === undefined) break;
        offset = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
        node = pair.value;
        continue;
      } else break;
      const range = isMap(node) || isSeq(node) || isScalar(node) ? node.range : undefined;
      offset = range?.[0] ?? offset;
    }
    return lineAt(offset);
  };
};

/** Reads YAML 1.1 or JSON with line numbers. What the parser says is not repeated: it may quote a secret. */
export const readTextDocument = (text: string, file: string | undefined): TextDocument => {
  const lines = new LineCounter();
  const document = parseDocument<ParsedNode>(text, {
    lineCounter: lines,
    version: "1.1",
    prettyErrors: false,
    logLevel: "silent",
    // What YAML takes for a date is text to Kubernetes.
    customTags: (tags) => tags.filter((tag) => typeof tag === "string" || tag.tag !== "tag:yaml.org,2002:timestamp"),
  });
  const fail = (what: string, line: number): KubeClientError =>
    new KubeClientError({
      code: "config",
      message: `cannot read the kubeconfig${file === undefined ? "" : ` ${file}:${line}`}: ${what}`,
      details: { file, line },
    });
  const problem = document.errors[0];
  if (problem !== undefined) throw fail(problem.code.toLowerCase().replaceAll("_", " "), lines.linePos(problem.pos[0]).line);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    throw fail("its aliases do not resolve, or are too many", 1);
  }
  return { value, lineOf: lineFinder(document, lines) };
};
