import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listPackages } from "./packages.ts";
import type { PublishedPackage } from "./packages.ts";
import { measureImports, runCommandHelps, runReadmePrograms } from "./published-use.ts";
import type { RunInProject } from "./published-use.ts";
import { runCommand } from "./step.ts";
import type { Step } from "./step.ts";

const run = (argv: readonly [string, ...string[]], cwd: string): { readonly ok: boolean; readonly output: string } => {
  const [command, ...args] = argv;
  const result = spawnSync(command, args, { cwd, encoding: "utf8" });
  return { ok: result.status === 0, output: `${result.stdout}${result.stderr}${result.error?.message ?? ""}` };
};

/** Imports every entry point and names one export of it, so that an empty or unresolvable entry shows. */
const importAll = (packages: readonly PublishedPackage[]): string => {
  const lines = packages
    .flatMap(({ entries }) => entries)
    .map((entry) => `[${JSON.stringify(entry)}, await import(${JSON.stringify(entry)})],`);
  return `const all = [\n${lines.join("\n")}\n];\nfor (const [name, module] of all) if (Object.keys(module).length === 0) throw new Error(name + " exports nothing");\nconsole.log(all.length + " entry points imported");\n`;
};

const typeUse = (packages: readonly PublishedPackage[]): string =>
  packages
    .flatMap(({ entries }) => entries)
    .map((entry, index) => `import * as m${index} from ${JSON.stringify(entry)};\nvoid m${index};\n`)
    .join("");

interface Outcome {
  passed: number;
  failed: number;
}

const note = (outcome: Outcome, what: string, result: { readonly ok: boolean; readonly output: string }): void => {
  if (result.ok) outcome.passed += 1;
  else {
    outcome.failed += 1;
    console.error(`${what} failed:\n${result.output}`);
  }
};

const checkTarballs = (options: {
  readonly packages: readonly PublishedPackage[];
  readonly tarballs: string;
  readonly outcome: Outcome;
  readonly toolDir: string;
}): void => {
  const { packages, tarballs, outcome, toolDir } = options;
  for (const { name, dir } of packages) {
    note(outcome, `pack of ${name}`, run(["pnpm", "pack", "--pack-destination", tarballs], dir));
    note(outcome, `publint of ${name}`, run([join(toolDir, "node_modules/.bin/publint"), "--strict", dir], dir));
  }
  for (const file of readdirSync(tarballs).filter((one) => one.endsWith(".tgz"))) {
    note(
      outcome,
      `attw of ${file}`,
      run([join(toolDir, "node_modules/.bin/attw"), join(tarballs, file), "--profile", "esm-only", "--format", "ascii"], tarballs),
    );
  }
};

/** Installs the tarballs in an empty project outside the repository and uses them: imports, types, README programs. */
const useFromEmptyProject = (packages: readonly PublishedPackage[], tarballs: string, outcome: Outcome): void => {
  const project = join(tarballs, "project");
  mkdirSync(project);
  const files = readdirSync(tarballs).filter((one) => one.endsWith(".tgz"));
  const specifiers = Object.fromEntries(
    packages.map(({ name }) => [name, `file:../${files.find((file) => file.startsWith(`nk-${name.slice("@nk/".length)}-`)) ?? "missing"}`]),
  );
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module", dependencies: specifiers }));
  // Packages depend on each other by version; here every one of them is the tarball.
  writeFileSync(
    join(project, "pnpm-workspace.yaml"),
    `overrides:\n${Object.entries(specifiers)
      .map(([name, file]) => `  "${name}": ${JSON.stringify(file)}\n`)
      .join("")}allowBuilds:\n  protobufjs: false\n`,
  );
  writeFileSync(join(project, "import.mjs"), importAll(packages));
  writeFileSync(join(project, "use.ts"), typeUse(packages));
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        module: "nodenext",
        target: "es2024",
        lib: ["es2024", "esnext"],
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        types: [],
      },
      files: ["use.ts"],
    }),
  );
  note(outcome, "install in an empty project", run(["pnpm", "install", "--prefer-offline", "--ignore-scripts"], project));
  note(outcome, "import from an empty project", run(["node", "import.mjs"], project));
  note(outcome, "types from an empty project", run(["tsc", "-p", "."], project));
  const runHere: RunInProject = (argv) => run(argv, project);
  for (const use of [runReadmePrograms, runCommandHelps, measureImports])
    for (const { what, ...result } of use(packages, project, runHere)) note(outcome, what, result);
};

/** Every package as its importers get it: built, packed, linted, installed in an empty project, imported, and its README's program run. */
export const publishStep = (root: string): Step => ({
  name: "packages as published",
  run: async () => {
    if (!(await runCommand(["turbo", "run", "build", "--output-logs=errors-only", "--filter=./packages/*"], { cwd: root })))
      return { passed: 0, failed: 1 };
    const packages = listPackages(root);
    const tarballs = mkdtempSync(join(tmpdir(), "nk-pack-"));
    const outcome: Outcome = { passed: 1, failed: 0 };
    try {
      checkTarballs({ packages, tarballs, outcome, toolDir: join(root, "tools/check") });
      useFromEmptyProject(packages, tarballs, outcome);
    } finally {
      rmSync(tarballs, { recursive: true, force: true });
    }
    console.log(`${packages.length} packages packed, checked and imported`);
    return outcome;
  },
});
