import { dirname, isAbsolute, resolve } from "node:path";
import { parseQuantity } from "@nk/pod-model";
import { nearestName, parseGoDuration } from "@nk/stdx";
import { readDocument, toJson } from "./document.ts";
import type { DocumentNode } from "./document.ts";
import { KubeletConfigError } from "./errors.ts";
import { CONFIG_FIELDS, CONFIG_STRUCTS } from "./fields.ts";
import type { ConfigField, ValueKind } from "./field.ts";
import type { JsonValue } from "./json-value.ts";
import type { ConfigWarning } from "./warning.ts";

/** One field as a document sets it. */
export interface FieldSetting {
  /** null takes back what an earlier document said. */
  readonly value: JsonValue;
  readonly line: number;
}

/** What one file says. */
export interface DecodedDocument {
  readonly file: string;
  /** By field path. */
  readonly settings: ReadonlyMap<string, FieldSetting>;
  readonly warnings: readonly ConfigWarning[];
}

/** The apiVersion and kind of the files this package reads. */
export const CONFIG_API_VERSION = "kubelet.config.k8s.io/v1beta1";
/** See {@link CONFIG_API_VERSION}. */
export const CONFIG_KIND = "KubeletConfiguration";

const EXPECTED: { readonly [kind in ValueKind]: string } = {
  string: "a string",
  bool: "true or false",
  int: "an integer",
  float: "a number",
  duration: 'a duration like "1m30s"',
  quantity: 'a size like "10Mi"',
  strings: "a list of strings",
  stringMap: "a map of strings",
  boolMap: "a map of booleans",
  stringListMap: "a map of lists of strings",
  any: "a value",
};

const isDuration = (text: string): boolean => {
  try {
    parseGoDuration(text);
    return true;
  } catch {
    return false;
  }
};

const isQuantity = (text: string): boolean => {
  try {
    parseQuantity(text);
    return true;
  } catch {
    return false;
  }
};

const isEvery = (value: JsonValue, check: (item: JsonValue) => boolean): boolean =>
  typeof value === "object" && value !== null && Object.values(value).every(check);
const isString = (value: JsonValue): boolean => typeof value === "string";
const isList = (value: JsonValue): boolean => Array.isArray(value);

const isOfKind: { readonly [kind in ValueKind]: (value: JsonValue) => boolean } = {
  string: isString,
  bool: (value) => typeof value === "boolean",
  int: (value) => Number.isSafeInteger(value),
  float: (value) => typeof value === "number",
  duration: (value) => typeof value === "string" && (value === "" || isDuration(value)),
  quantity: (value) => typeof value === "string" && (value === "" || isQuantity(value)),
  strings: (value) => isList(value) && isEvery(value, isString),
  stringMap: (value) => !isList(value) && isEvery(value, (item) => isString(item) || item === null),
  boolMap: (value) => !isList(value) && isEvery(value, (item) => typeof item === "boolean" || item === null),
  stringListMap: (value) => !isList(value) && isEvery(value, (item) => item === null || (isList(item) && isEvery(item, isString))),
  any: () => true,
};

class Decoder {
  readonly settings = new Map<string, FieldSetting>();
  readonly warnings: ConfigWarning[] = [];
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  decodeStruct(entries: ReadonlyMap<string, DocumentNode>, prefix: string): void {
    for (const [key, node] of entries) {
      if (prefix === "" && (key === "apiVersion" || key === "kind")) continue;
      const path = `${prefix}${key}`;
      const field = CONFIG_FIELDS.get(path);
      if (field !== undefined) this.#decodeField(field, node);
      else if (CONFIG_STRUCTS.has(path)) this.#decodeInnerStruct(path, node);
      else this.#warnUnknown(path, prefix, node.line);
    }
  }

  #decodeField(field: ConfigField, node: DocumentNode): void {
    const value = toJson(node);
    if (value !== null && !isOfKind[field.kind](value)) throw this.#wrongKind(field.path, EXPECTED[field.kind], node.line);
    const isRelativePath = field.isPath === true && typeof value === "string" && value !== "" && !isAbsolute(value);
    this.settings.set(field.path, { value: isRelativePath ? resolve(dirname(this.#file), value) : value, line: node.line });
  }

  #decodeInnerStruct(path: string, node: DocumentNode): void {
    if (node.type === "map") this.decodeStruct(node.entries, `${path}.`);
    else if (node.type === "scalar" && node.value === null) {
      for (const fieldPath of CONFIG_FIELDS.keys()) {
        if (fieldPath.startsWith(`${path}.`)) this.settings.set(fieldPath, { value: null, line: node.line });
      }
    } else throw this.#wrongKind(path, "a mapping", node.line);
  }

  #warnUnknown(path: string, prefix: string, line: number): void {
    const all = [...CONFIG_FIELDS.keys(), ...CONFIG_STRUCTS];
    const siblings = all.filter((name) => name.startsWith(prefix) && !name.slice(prefix.length).includes("."));
    // A known name in the wrong place ("anonymous" at the top) is as likely as a typing mistake.
    const nearest = nearestName(path, siblings) ?? all.find((name) => name.endsWith(`.${path.slice(prefix.length)}`));
    const hint = nearest === undefined ? "" : `, did you mean ${nearest}?`;
    this.warnings.push({ message: `unknown field ${path} is ignored${hint}`, file: this.#file, line });
  }

  #wrongKind(path: string, expected: string, line: number): KubeletConfigError {
    return new KubeletConfigError("invalid-value", `${path} must be ${expected}`, { file: this.#file, line, field: path });
  }
}

const checkKind = (root: Extract<DocumentNode, { type: "map" }>, file: string): void => {
  for (const [key, expected] of [
    ["apiVersion", CONFIG_API_VERSION],
    ["kind", CONFIG_KIND],
  ] as const) {
    const node = root.entries.get(key);
    if (node?.type !== "scalar" || node.value !== expected) {
      throw new KubeletConfigError("wrong-kind", `${key} must be ${expected}`, { file, line: node?.line ?? 1, field: key });
    }
  }
};

/**
 * Reads the text of one KubeletConfiguration file. Unknown fields and duplicate keys become warnings, as the reference goes on without them;
 * values of the wrong type are errors there and here. Relative paths are resolved against the file's directory.
 * @throws KubeletConfigError
 */
export const decodeConfig = (text: string, file: string): DecodedDocument => {
  const document = readDocument(text, file);
  checkKind(document.root, file);
  const decoder = new Decoder(file);
  decoder.decodeStruct(document.root.entries, "");
  return { file, settings: decoder.settings, warnings: [...document.warnings, ...decoder.warnings] };
};
