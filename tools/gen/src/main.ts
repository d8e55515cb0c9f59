/**
 * Writes every generated source file; `--check` writes nothing and fails when a file differs from what it would write.
 *
 *   npm run gen [-- --check]
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { generateCri } from "./cri.ts";
import { generateKubeTypes } from "./kube-types.ts";

const root = resolve(import.meta.dirname, "../../..");
const check = process.argv.slice(2).includes("--check");

const changed: string[] = [];
for (const [path, content] of [...generateCri(), ...generateKubeTypes()]) {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, "utf8") === content) continue;
  changed.push(path);
  if (check) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

if (changed.length === 0) {
  console.log("generated files are up to date");
} else if (check) {
  console.error(`generated files differ from their sources, run "npm run gen":\n${changed.map((path) => `  ${path}`).join("\n")}`);
  process.exitCode = 1;
} else {
  console.log(`wrote ${changed.join(", ")}`);
}
