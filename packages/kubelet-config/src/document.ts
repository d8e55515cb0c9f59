import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Document, Node, Pair, Scalar, YAMLMap } from "yaml";
import { KubeletConfigError } from "./errors.ts";
import type { JsonValue } from "./json-value.ts";
import type { ConfigWarning } from "./warning.ts";

/** A value of a document with the line it stands on. */
export type DocumentNode =
  | { readonly type: "map"; readonly line: number; readonly entries: ReadonlyMap<string, DocumentNode> }
  | { readonly type: "list"; readonly line: number; readonly items: readonly DocumentNode[] }
  | { readonly type: "scalar"; readonly line: number; readonly value: string | number | boolean | null };

/** A document that was read. */
export interface ReadDocument {
  readonly root: Extract<DocumentNode, { type: "map" }>;
  /** Keys that stand there twice. */
  readonly warnings: readonly ConfigWarning[];
}

/** No configuration nests deeper; also ends aliases that contain themselves. */
const DEEPEST_NESTING = 32;
/** Bounds what aliases can blow a small file up to. */
const MOST_NODES = 100_000;

/** `<<: *anchor`, which YAML 1.1 has and 1.2 has not; in quotes it is a key like any other. */
const isMergeKey = (key: unknown): key is Scalar => isScalar(key) && typeof key.value === "symbol";

class DocumentReader {
  readonly warnings: ConfigWarning[] = [];
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #file: string;
  #nodeCount = 0;

  constructor(document: Document, lines: LineCounter, file: string) {
    this.#document = document;
    this.#lines = lines;
    this.#file = file;
  }

  read(node: unknown, line: number, depth: number): DocumentNode {
    this.#nodeCount += 1;
    if (depth > DEEPEST_NESTING || this.#nodeCount > MOST_NODES) {
      throw new KubeletConfigError("invalid-document", "the document is nested too deeply or too large", { file: this.#file, line });
    }
    if (isAlias(node)) return this.read(node.resolve(this.#document), this.#lineOf(node, line), depth + 1);
    if (isMap(node)) return this.#readMap(node, this.#lineOf(node, line), depth);
    if (isSeq(node)) {
      const ownLine = this.#lineOf(node, line);
      return { type: "list", line: ownLine, items: node.items.map((item) => this.read(item, ownLine, depth + 1)) };
    }
    if (!isScalar(node)) return { type: "scalar", line, value: null };
    const { value } = node;
    const isPlain = value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    // What YAML 1.1 takes for a date is text to Kubernetes.
    return { type: "scalar", line: this.#lineOf(node, line), value: isPlain ? value : (node.source ?? "") };
  }

  #readMap(map: YAMLMap, line: number, depth: number): DocumentNode {
    const entries = new Map<string, DocumentNode>();
    const merged: DocumentNode[] = [];
    for (const pair of map.items as Pair[]) {
      if (isMergeKey(pair.key)) {
        const value = this.read(pair.value, this.#lineOf(pair.key, line), depth + 1);
        merged.push(...(value.type === "list" ? value.items : [value]));
        continue;
      }
      const key = this.read(pair.key, line, depth + 1);
      const name = key.type === "scalar" ? String(key.value) : "";
      if (entries.has(name)) {
        this.warnings.push({
          message: `key ${JSON.stringify(name)} stands here a second time; the last one counts`,
          file: this.#file,
          line: key.line,
        });
      }
      entries.set(name, this.read(pair.value, key.line, depth + 1));
    }
    for (const source of merged) {
      if (source.type !== "map")
        throw new KubeletConfigError("invalid-document", "<< must merge a mapping", { file: this.#file, line: source.line });
      // What the mapping says itself counts, then the first of those merged.
      for (const [name, node] of source.entries) if (!entries.has(name)) entries.set(name, node);
    }
    return { type: "map", line, entries };
  }

  #lineOf(node: Node, fallback: number): number {
    return node.range === undefined || node.range === null ? fallback : this.#lines.linePos(node.range[0]).line;
  }
}

/**
 * Reads YAML (as version 1.1, which the reference reads) or JSON with line numbers. Duplicate keys are warnings, as in the reference's lenient
 * decoding (pkg/kubelet/kubeletconfig/util/codec).
 * @throws KubeletConfigError "invalid-document"
 */
export const readDocument = (text: string, file: string): ReadDocument => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: "1.1", uniqueKeys: false, prettyErrors: false });
  const syntaxError = document.errors[0];
  if (syntaxError !== undefined) {
    const { line } = lines.linePos(syntaxError.pos[0]);
    throw new KubeletConfigError("invalid-document", `cannot read the document: ${syntaxError.code.toLowerCase()}`, {
      file,
      line,
      cause: syntaxError,
    });
  }
  const reader = new DocumentReader(document, lines, file);
  const root = reader.read(document.contents, 1, 0);
  if (root.type !== "map") {
    throw new KubeletConfigError("invalid-document", "cannot read the document: it is empty or no mapping", { file, line: root.line });
  }
  return { root, warnings: reader.warnings };
};

/** The node without its lines. */
export const toJson = (node: DocumentNode): JsonValue => {
  switch (node.type) {
    case "scalar":
      return node.value;
    case "list":
      return node.items.map(toJson);
    case "map":
      return Object.fromEntries(node.entries.entries().map(([key, child]) => [key, toJson(child)]));
  }
};
