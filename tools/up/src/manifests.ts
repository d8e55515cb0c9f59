import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

/** A pod as its file has it. */
export interface PodManifest {
  readonly apiVersion: string;
  readonly kind: "Pod";
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** The manifests of a folder by name. @throws Error when there is none */
export const listManifests = async (dir: string): Promise<readonly [string, ...string[]]> => {
  const [first, ...others] = (await readdir(dir)).filter((name) => /\.(ya?ml|json)$/.test(name)).toSorted();
  if (first === undefined) throw new Error(`no manifest (*.yaml, *.json) in ${dir}`);
  return [first, ...others];
};

/** The manifest that --once runs: the web server if the folder has one, else the first. */
export const chooseManifest = async (dir: string): Promise<string> => {
  const names = await listManifests(dir);
  return names.find((one) => one.startsWith("web.")) ?? names[0];
};

const isPod = (value: unknown): value is PodManifest => {
  const { kind, apiVersion, metadata } = (value ?? {}) as { readonly [field: string]: unknown };
  const { name } = (metadata ?? {}) as { readonly name?: unknown };
  return kind === "Pod" && apiVersion === "v1" && typeof name === "string";
};

/** The pods of a text. @throws Error when it has anything else */
export const parsePods = (text: string, file: string): readonly PodManifest[] =>
  parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`${file}: ${error.message}`);
    const value: unknown = document.toJS();
    if (value === null) return [];
    if (!isPod(value)) throw new Error(`${file} holds something that is no v1 Pod with a name; the demo creates nothing else`);
    return [value];
  });

/** The pods of a file. */
export const readPods = async (dir: string, name: string): Promise<readonly PodManifest[]> =>
  parsePods(await readFile(join(dir, name), "utf8"), join(dir, name));
