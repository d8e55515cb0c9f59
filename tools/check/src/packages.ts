import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A package that is published. */
export interface PublishedPackage {
  readonly name: string;
  /** Absolute path. */
  readonly dir: string;
  readonly entries: readonly string[];
  /** Names of its commands. */
  readonly commands: readonly string[];
}

/** Every folder of packages/, with its entry points as importers write them. */
export const listPackages = (root: string): readonly PublishedPackage[] =>
  globSync("packages/*/package.json", { cwd: root })
    .toSorted()
    .map((path) => {
      const manifest = JSON.parse(readFileSync(join(root, path), "utf8")) as {
        name: string;
        exports: { [entry: string]: unknown };
        bin?: { [command: string]: string };
      };
      const entries = Object.keys(manifest.exports)
        .filter((entry) => entry !== "./package.json")
        .map((entry) => `${manifest.name}${entry.slice(1)}`);
      return { name: manifest.name, dir: join(root, dirname(path)), entries, commands: Object.keys(manifest.bin ?? {}) };
    });
