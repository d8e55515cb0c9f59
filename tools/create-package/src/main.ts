import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createPackageFiles } from "./template.ts";

const root = resolve(import.meta.dirname, "../../..");
const [name, ...words] = process.argv.slice(2);
const description = words.join(" ");

const run = (): void => {
  if (name === undefined || description === "") throw new Error('usage: npm run create-package -- NAME "what it is, in one sentence"');
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) throw new Error(`"${name}" is not kebab-case`);
  const dir = join(root, "packages", name);
  if (existsSync(dir)) throw new Error(`packages/${name} exists`);
  for (const [path, text] of createPackageFiles({ name, description })) {
    mkdirSync(join(dir, path, ".."), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  cpSync(join(root, "LICENSE"), join(dir, "LICENSE"));
  const architecture = readFileSync(join(root, "docs/architecture.md"), "utf8");
  if (!architecture.includes(`\`@nk/${name}\``)) console.log(`next: list \`@nk/${name}\` in docs/architecture.md, or tidy will ask for it`);
  console.log(`made packages/${name}; run: npm run setup && npm run tidy`);
};

try {
  run();
} catch (error) {
  console.error(`create-package: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
