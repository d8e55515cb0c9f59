import { isAbsolute, resolve } from "node:path";
import { KubeClientError } from "../errors.ts";
import type { FieldPath, TextDocument } from "./document.ts";

/** Where a document comes from. */
export interface DocumentOrigin {
  /** For messages. */
  readonly file?: string | undefined;
  /** Relative paths in the document start here. Without it they are refused. */
  readonly directory?: string | undefined;
  readonly lineOf: TextDocument["lineOf"];
}

const formatPath = (path: FieldPath): string =>
  path.reduce<string>((text, step) => (typeof step === "number" ? `${text}[${step}]` : text === "" ? step : `${text}.${step}`), "");

/** One mapping of a kubeconfig, read field by field; every complaint says file, line and field. Values never go into a message. */
export class FieldReader {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #path: FieldPath;
  readonly #origin: DocumentOrigin;

  constructor(value: unknown, path: FieldPath, origin: DocumentOrigin) {
    this.#path = path;
    this.#origin = origin;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.error("is no mapping");
    this.#fields = value as Readonly<Record<string, unknown>>;
  }

  error(what: string, name?: string): KubeClientError {
    const path = name === undefined ? this.#path : [...this.#path, name];
    const { file } = this.#origin;
    const line = this.#origin.lineOf(path);
    const field = formatPath(path);
    const place = file === undefined ? "" : ` ${file}${line === undefined ? "" : `:${line}`}`;
    return new KubeClientError({
      code: "config",
      message: `cannot use the kubeconfig${place}: ${field === "" ? "the document" : field} ${what}`,
      details: { file, line, field },
    });
  }

  /** False also for the empty text. */
  has(name: string): boolean {
    const value = this.#fields[name];
    return value !== undefined && value !== null && value !== "";
  }

  raw(name: string): unknown {
    return this.#fields[name];
  }

  /** Undefined when it is absent or empty, as client-go treats both alike. */
  string(name: string): string | undefined {
    const value = this.#fields[name];
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value !== "string") throw this.error("is no text; quote it", name);
    return value;
  }

  requiredString(name: string): string {
    const value = this.string(name);
    if (value === undefined) throw this.error("is missing", name);
    return value;
  }

  boolean(name: string): boolean {
    const value = this.#fields[name];
    if (value === undefined || value === null) return false;
    if (typeof value !== "boolean") throw this.error("is neither true nor false", name);
    return value;
  }

  /** A path, made absolute. */
  path(name: string): string | undefined {
    const value = this.string(name);
    if (value === undefined || isAbsolute(value)) return value;
    if (this.#origin.directory === undefined) throw this.error("is a relative path, and there is no file it could be relative to", name);
    return resolve(this.#origin.directory, value);
  }

  /** Base64 of text. */
  decoded(name: string): string | undefined {
    const value = this.string(name)?.replaceAll(/\s/gu, "");
    if (value === undefined) return undefined;
    if (!/^[A-Za-z0-9+/]*={0,2}$/u.test(value) || value.length % 4 !== 0) throw this.error("is not base64", name);
    return Buffer.from(value, "base64").toString("utf8");
  }

  strings(name: string): readonly string[] {
    const value = this.#fields[name];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) throw this.error("is no list of texts", name);
    return value as readonly string[];
  }

  map(name: string): FieldReader {
    return new FieldReader(this.#fields[name] ?? {}, [...this.#path, name], this.#origin);
  }

  list(name: string): readonly FieldReader[] {
    const value = this.#fields[name];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw this.error("is no list", name);
    return value.map((item: unknown, index) => new FieldReader(item, [...this.#path, name, index], this.#origin));
  }
}
