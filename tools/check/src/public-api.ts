import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Names that an entry point exports, as its text says: `value name`, `type name`, or the whole statement for `export *`. */
export const listExports = (text: string): readonly string[] => {
  const lines: string[] = [];
  for (const [, isType, names = ""] of text.matchAll(/^export (type )?\{([^}]*)\}/gm)) {
    for (const entry of names.split(",").map((name) => name.trim())) {
      if (entry !== "")
        lines.push(
          `${isType === undefined && !entry.startsWith("type ") ? "value" : "type"} ${entry.replace(/^type /, "").replace(/^.* as /, "")}`,
        );
    }
  }
  for (const [statement] of text.matchAll(/^export (?:type )?\* from [^;]+/gm)) lines.push(statement);
  for (const [, kind = "", name = ""] of text.matchAll(/^export (const|function|class|interface|type) (\w+)/gm)) {
    lines.push(`${kind === "interface" || kind === "type" ? "type" : "value"} ${name}`);
  }
  return lines.toSorted((a, b) => (a < b ? -1 : 1));
};

/** The public API of every package, a line a name: what its importers can come to depend on. */
export const describePublicApi = (root: string): string =>
  globSync(["packages/*/src/index.ts", "packages/*/src/testing/index.ts"], { cwd: root })
    .toSorted()
    .flatMap((path) => {
      const [, name = "", , folder] = path.split("/");
      const entry = `@nk/${name}${folder === "testing" ? "/testing" : ""}`;
      return [entry, ...listExports(readFileSync(join(root, path), "utf8")).map((line) => `  ${line}`), ""];
    })
    .join("\n");
