import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PublishedPackage } from "./packages.ts";
import { firstProgram } from "./readme-step.ts";

/** Runs a program in the project and says how that went. */
export type RunInProject = (argv: readonly [string, ...string[]]) => { readonly ok: boolean; readonly output: string };

/** One thing tried with installed packages. */
export interface UseOutcome {
  readonly what: string;
  readonly ok: boolean;
  readonly output: string;
}

/** What importing a package may cost at most, where a limit was promised. */
const IMPORT_LIMITS: { readonly [name: string]: { readonly rssMib: number; readonly durationMs: number } } = {
  "@nk/cadvisor-stats": { rssMib: 55, durationMs: 60 },
  "@nk/cni-exec": { rssMib: 52, durationMs: 60 },
  "@nk/csi-client": { rssMib: 65, durationMs: 100 },
};

/** The machine is shared: what others do can only add. */
const BEST_OF = 5;

/** The first program of each README, from the README in the package as installed. */
export const runReadmePrograms = (packages: readonly PublishedPackage[], project: string, run: RunInProject): readonly UseOutcome[] =>
  packages.map(({ name }) => {
    const what = `README program of ${name} as installed`;
    const program = firstProgram(readFileSync(join(project, "node_modules", name, "README.md"), "utf8"));
    if (program === undefined) return { what, ok: false, output: "there is none" };
    const file = join(project, `readme-${name.replace("@nk/", "")}.mts`);
    writeFileSync(file, program);
    return { what, ...run(["node", file]) };
  });

/** Fails unless the command says in one line, and with its exit code, that what it printed is lost. */
const ON_FULL_DISK = 'said=$("$0" --help 2>&1 >/dev/full); code=$?; echo "$said"; [ "$code" = 1 ] && [ "$(echo "$said" | wc -l)" = 1 ]';

/** Each command tells its help from where it is installed, and does not end in a stack trace when it cannot. */
export const runCommandHelps = (packages: readonly PublishedPackage[], project: string, run: RunInProject): readonly UseOutcome[] =>
  packages.flatMap(({ name, commands }) =>
    commands.flatMap((command) => {
      const path = join(project, "node_modules/.bin", command);
      return [
        { what: `${command} --help of ${name} as installed`, ...run([path, "--help"]) },
        { what: `${command} --help of ${name} on a full disk`, ...run(["sh", "-c", ON_FULL_DISK, path]) },
      ];
    }),
  );

interface ImportCost {
  readonly rssMib: number;
  readonly durationMs: number;
}

/** The least of several runs, or what the first run said that did not measure anything. */
const measureImport = (name: string, project: string, run: RunInProject): ImportCost | string => {
  const file = join(project, "measure.mjs");
  // The memory is read before anything is printed: opening the standard output would be counted too.
  writeFileSync(
    file,
    `const start = performance.now();\nawait import(${JSON.stringify(name)});\nconst durationMs = performance.now() - start;\nconst rssMib = process.memoryUsage.rss() / 2 ** 20;\nconsole.log(JSON.stringify({ rssMib, durationMs }));\n`,
  );
  const costs: ImportCost[] = [];
  for (let count = 0; count < BEST_OF; count += 1) {
    const { ok, output } = run(["node", file]);
    // Warnings may stand around it.
    const [cost] = ok ? (/^\{"rssMib":.*\}$/m.exec(output) ?? []) : [];
    if (cost === undefined) return output;
    costs.push(JSON.parse(cost) as ImportCost);
  }
  return { rssMib: Math.min(...costs.map(({ rssMib }) => rssMib)), durationMs: Math.min(...costs.map(({ durationMs }) => durationMs)) };
};

/** Prints what importing costs, and holds it against the limits. */
export const measureImports = (packages: readonly PublishedPackage[], project: string, run: RunInProject): readonly UseOutcome[] =>
  packages.flatMap(({ name }): UseOutcome[] => {
    const limits = IMPORT_LIMITS[name];
    if (limits === undefined) return [];
    const what = `import cost of ${name}`;
    const cost = measureImport(name, project, run);
    if (typeof cost === "string") return [{ what, ok: false, output: cost }];
    const { rssMib, durationMs } = cost;
    const output = `import of ${name}: ${rssMib.toFixed(1)} MiB RSS (limit ${limits.rssMib}), ${durationMs.toFixed(1)} ms (limit ${limits.durationMs})`;
    console.log(output);
    return [{ what, ok: rssMib < limits.rssMib && durationMs < limits.durationMs, output }];
  });
